import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { compareTopicWithLog, type TopicFindings } from '#test/faults/relay-topic.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import {
  type Program,
  type Settings,
  startProgram,
  temporaryFolder,
} from '#test/support/program.ts'
import { aNamespace } from '#test/support/servers/namespace.ts'

/** The resource `/v1/relay` as far as a test looks at it. */
export type RelayStatus = {
  readonly state: string
  readonly epoch: string | null
  readonly lagEvents: number
  readonly lagSeconds: number
  readonly published: number
}

const ledgerIds = ['north', 'south', 'east', 'west', 'centre']
const workers = 8
/** Some hundred events a second: the relays are to be busy, not the machine. */
const pauseMs = 25
const statusMsMax = 3_000

/** One API under load and some relays, processes of their own on one log. */
export class RelayProcesses implements AsyncDisposable {
  readonly load = new Load(ledgerIds, 'load', pauseMs)
  readonly #opened: AsyncDisposableStack
  readonly #broker: string
  readonly #folder: string
  readonly #settings: Settings
  readonly #relays: Program[] = []
  readonly #end = new AbortController()
  #loading: Promise<void> = Promise.resolve()
  api: Program | undefined

  private constructor(opened: AsyncDisposableStack, folder: string, broker: string) {
    this.#opened = opened
    this.#folder = folder
    this.#broker = broker
    this.#settings = {
      DAYBOOK_NAMESPACE: aNamespace(),
      DAYBOOK_EVENT_STORE: `sqlite:${join(folder, 'log')}`,
      DAYBOOK_FEED: broker,
      DAYBOOK_KAFKA_PARTITIONS: '3',
    }
  }

  /** Starts all and puts the API under load, until `finish`. */
  static async open(broker: string, relays = 2): Promise<RelayProcesses> {
    await using opening = new AsyncDisposableStack()
    const { path } = opening.use(await temporaryFolder())
    const processes = new RelayProcesses(new AsyncDisposableStack(), path, broker)
    opening.defer(() => processes.#kill())
    const api = await startProgram(path, processes.#own('api'), 'api')
    processes.api = api
    for (let index = 0; index < relays; index += 1) await processes.startRelay()
    const client = new ApiClient(api.url)
    opening.defer(() => client[Symbol.dispose]())
    await processes.load.prepare(client)
    processes.#loading = processes.load.run(client, processes.#end.signal, workers)
    processes.#opened.use(opening.move())
    return processes
  }

  async startRelay(): Promise<Program> {
    const name = `relay-${this.#relays.length}`
    const relay = await startProgram(this.#folder, this.#own(name), 'relay')
    this.#relays.push(relay)
    return relay
  }

  /** The one relay that says it is active, once there is one. */
  async active(among: readonly Program[] = this.#relays): Promise<Program> {
    for (;;) {
      for (const relay of among) if ((await statusOf(relay))?.state === 'active') return relay
      await sleep(20)
    }
  }

  others(than: Program): readonly Program[] {
    return this.#relays.filter((relay) => relay !== than)
  }

  /** Ends the load, waits until the broker has everything, stops the relays as an operator would, and compares. */
  async finish(withinMs = 60_000): Promise<TopicFindings> {
    this.#end.abort()
    await this.#loading
    const [relay] = this.#relays.filter(({ pid }) => isRunning(pid)).slice(-1)
    if (relay === undefined) throw new Error('no relay is left')
    await untilAsync(async () => (await statusOf(relay))?.lagEvents === 0, withinMs)
    for (const each of this.#relays) if (isRunning(each.pid)) await each.stop()
    await this.api?.stop()
    const topic = `${this.#settings['DAYBOOK_NAMESPACE']}.events`
    return compareTopicWithLog(this.#broker, topic, join(this.#folder, 'log'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    await this.#opened.disposeAsync()
  }

  /** Each process has a data folder of its own, as on a machine of its own. */
  #own(name: string): Settings {
    return { ...this.#settings, DAYBOOK_DATA: join(this.#folder, name) }
  }

  async #kill(): Promise<void> {
    const all = [...this.#relays, ...(this.api ? [this.api] : [])]
    await Promise.all(all.map((each) => each.kill()))
    await this.#loading
  }
}

/** Undefined where it doesn't answer: it is paused or gone. */
export async function statusOf({ url }: Program): Promise<RelayStatus | undefined> {
  try {
    const response = await fetch(`${url}/v1/relay`, { signal: AbortSignal.timeout(statusMsMax) })
    const { data }: { data: RelayStatus } = JSON.parse(await response.text())
    return data
  } catch {
    return undefined
  }
}

export async function readinessOf({ url }: Program): Promise<number> {
  return (await fetch(`${url}/health/ready`)).status
}

export async function untilAsync(holds: () => Promise<boolean>, withinMs: number): Promise<number> {
  const begunMs = performance.now()
  while (!(await holds())) {
    if (performance.now() - begunMs > withinMs) throw new Error(`not within ${withinMs} ms`)
    await sleep(20)
  }
  return performance.now() - begunMs
}

/** Resident memory of a process in MiB. */
export async function memoryMiB({ pid }: Program): Promise<number> {
  const pages = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')[1] ?? '0'
  return (Number(pages) * 4_096) / 2 ** 20
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
