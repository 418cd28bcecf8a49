import { connect, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { z } from 'zod'

/**
 * The clients: a process of its own that keeps `connections` busy for `seconds`, each with one request at a time,
 * written and read as bytes so that the clients cost as little as can be. Prints one line of JSON.
 */

const settings = z.object({
  url: z.url(),
  connections: z.coerce.number().int().min(1).max(1024),
  seconds: z.coerce.number().min(0.1).max(120),
  /** Transactions per request; more than one goes as an independent batch. */
  batch: z.coerce.number().int().min(1).max(1000),
  /** Begins every idempotency key. */
  run: z.string().min(1),
})

type Settings = z.infer<typeof settings>

const transaction = {
  postings: [{ debit: 'bank:cash', credit: 'users:alice', asset: 'USD/2', amount: '1' }],
}

async function load(given: Settings): Promise<void> {
  const latenciesMs: number[] = []
  const statuses: Record<string, number> = {}
  const begun = performance.now()
  const end = begun + given.seconds * 1000
  await Promise.all(
    Array.from({ length: given.connections }, async (_, connection) => {
      const socket = await open(new URL(given.url))
      for (let count = 0; performance.now() < end; count += 1) {
        const sent = performance.now()
        const status = await exchange(socket, request(given, `${given.run}-${connection}-${count}`))
        latenciesMs.push(performance.now() - sent)
        statuses[status] = (statuses[status] ?? 0) + 1
      }
      socket.destroy()
    }),
  )
  const elapsedMs = performance.now() - begun
  const sorted = latenciesMs.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  const perSecond = (latenciesMs.length * given.batch * 1000) / elapsedMs
  process.stdout.write(
    `${JSON.stringify({ perSecond, p50Ms: at(0.5), p99Ms: at(0.99), statuses })}\n`,
  )
}

function request({ batch }: Settings, key: string): string {
  const [path, body] =
    batch === 1
      ? ['transactions', transaction]
      : [
          'batches',
          {
            mode: 'independent',
            commands: Array.from({ length: batch }, () => ({
              command: 'PostTransaction',
              ...transaction,
            })),
          },
        ]
  const text = JSON.stringify(body)
  return `POST /v1/ledgers/bench/${path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nIdempotency-Key: ${key}\r\nContent-Length: ${text.length}\r\n\r\n${text}`
}

async function open({ hostname, port }: URL): Promise<Socket> {
  const socket = connect(Number(port), hostname)
  socket.setNoDelay(true)
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return socket
}

/** Sends one request and waits for the whole answer; every answer here says its Content-Length. */
function exchange(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let got: Buffer = Buffer.alloc(0)
    const take = (chunk: Buffer): void => {
      got = got.length === 0 ? chunk : Buffer.concat([got, chunk])
      const headersEnd = got.indexOf('\r\n\r\n')
      if (headersEnd === -1) return
      const head = got.toString('latin1', 0, headersEnd)
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (got.length < headersEnd + 4 + length) return
      socket.off('data', take)
      socket.off('error', reject)
      resolve(head.slice(9, 12))
    }
    socket.on('data', take)
    socket.once('error', reject)
    socket.write(text)
  })
}

await load(settings.parse(JSON.parse(process.argv[2] ?? '{}')))
