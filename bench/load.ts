import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { z } from 'zod'
import { type Connection, openConnection } from '#bench/load/connection.ts'
import { requestsOf } from '#bench/load/requests.ts'

/**
 * The clients: a process of its own that keeps `connections` busy for `seconds`. Without `perSecond` each sends its
 * next request when it has the answer to the last; with it so many are sent a second, whatever the answers do, and a
 * request that had to wait for a connection counts from when it was due. Prints one line of JSON.
 */

const spread = {
  accounts: z.number().optional(),
  ledger: z.string().optional(),
  ledgers: z.number().optional(),
}

const settings = z.object({
  url: z.url(),
  connections: z.number().int().min(1).max(1024),
  seconds: z.number().min(0.1).max(600),
  perSecond: z.number().positive().optional(),
  /** Begins every idempotency key. */
  run: z.string().min(1),
  asking: z.discriminatedUnion('request', [
    z.object({ request: z.literal('transaction'), ...spread }),
    z.object({ request: z.literal('batch'), size: z.number().int().max(1000), ...spread }),
    z.object({
      request: z.literal('get'),
      path: z.string(),
      accounts: z.number().int().positive().optional(),
      from: z.number().int().nonnegative().optional(),
    }),
  ]),
})

type Settings = z.infer<typeof settings>

/** How long answers to what was sent are waited for when the time is over. */
const drainMsMax = 10_000

async function load(given: Settings): Promise<void> {
  const clients = new Clients(given)
  await clients.open()
  await clients.run()
  process.stdout.write(`${JSON.stringify(clients.figures())}\n`)
  clients.close()
}

class Clients {
  readonly #given: Settings
  readonly #requests = new Map<Connection, () => Buffer>()
  readonly #idle: Connection[] = []
  readonly #latenciesMs: number[] = []
  readonly #statuses = new Map<number, number>()
  readonly #over = Promise.withResolvers<void>()
  #begunMs = 0
  #lastMs = 0
  #endMs = 0
  #cpuSeconds = 0
  #due = 0
  #sent = 0

  constructor(given: Settings) {
    this.#given = given
  }

  async open(): Promise<void> {
    const { connections, url, asking, run } = this.#given
    for (let index = 0; index < connections; index += 1) {
      const connection = await openConnection(new URL(url), {
        answered: (on, status) => this.#answered(on, status),
        failed: (error) => this.#over.reject(error),
      })
      this.#requests.set(connection, requestsOf(asking, `${run}-${index}`))
      this.#idle.push(connection)
    }
  }

  async run(): Promise<void> {
    const { seconds, perSecond } = this.#given
    const cpuBefore = process.cpuUsage()
    this.#begunMs = performance.now()
    this.#endMs = this.#begunMs + seconds * 1000
    const ticks =
      perSecond === undefined ? undefined : setInterval(() => this.#sendDue(perSecond), 1)
    if (perSecond === undefined)
      for (const connection of this.#idle.splice(0)) this.#next(connection)
    const late = setTimeout(() => this.#over.resolve(), seconds * 1000 + drainMsMax)
    await this.#over.promise
    clearTimeout(late)
    clearInterval(ticks)
    const { user, system } = process.cpuUsage(cpuBefore)
    this.#cpuSeconds = (user + system) / 1e6
  }

  figures() {
    const size = this.#given.asking.request === 'batch' ? this.#given.asking.size : 1
    const accepted = (this.#statuses.get(200) ?? 0) + (this.#statuses.get(201) ?? 0)
    const sorted = Float64Array.from(this.#latenciesMs).toSorted()
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
    return {
      perSecond: (accepted * size * 1000) / (this.#lastMs - this.#begunMs),
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      statuses: Object.fromEntries(this.#statuses),
      cpuSeconds: this.#cpuSeconds,
    }
  }

  close(): void {
    for (const connection of this.#requests.keys()) connection.close()
  }

  #answered(connection: Connection, status: number): void {
    this.#lastMs = performance.now()
    this.#latenciesMs.push(this.#lastMs - connection.sentMs)
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1)
    if (this.#given.perSecond !== undefined) {
      this.#idle.push(connection)
      this.#sendDue(this.#given.perSecond)
    } else if (this.#lastMs < this.#endMs) this.#next(connection)
    else this.#rest(connection)
  }

  #next(connection: Connection): void {
    connection.sentMs = performance.now()
    this.#send(connection)
  }

  #send(connection: Connection): void {
    const request = this.#requests.get(connection)
    if (request !== undefined) connection.send(request())
  }

  #rest(connection: Connection): void {
    this.#idle.push(connection)
    if (this.#idle.length === this.#given.connections) this.#over.resolve()
  }

  /** Sends what is due, as far as there are connections for it. */
  #sendDue(perSecond: number): void {
    const now = Math.min(performance.now(), this.#endMs)
    this.#due = Math.floor(((now - this.#begunMs) * perSecond) / 1000)
    while (this.#sent < this.#due) {
      const connection = this.#idle.pop()
      if (connection === undefined) return
      connection.sentMs = this.#begunMs + (this.#sent * 1000) / perSecond
      this.#sent += 1
      this.#send(connection)
    }
    if (now === this.#endMs && this.#idle.length === this.#given.connections) this.#over.resolve()
  }
}

await load(settings.parse(JSON.parse(process.argv[2] ?? '{}')))
