import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { z } from 'zod'

/**
 * Clients that post a transaction, and from its answer on wait until a balance shows it: one after the other, each
 * `pauseMs` after the last. A process of its own; prints one line of JSON, in milliseconds.
 */

const settings = z.object({
  url: z.url(),
  clients: z.number().int().positive(),
  seconds: z.number().positive(),
  pauseMs: z.number().nonnegative(),
  /** Begins every idempotency key. */
  run: z.string(),
})

const body = JSON.stringify({
  postings: [{ debit: 'bank:cash', credit: 'users:alice', asset: 'USD/2', amount: '1' }],
})

async function measure({ url, clients, seconds, pauseMs, run }: z.infer<typeof settings>) {
  const waitsMs: number[] = []
  const end = performance.now() + seconds * 1000
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let count = 0; performance.now() < end; count += 1) {
        const revision = await post(url, `${run}-${client}-${count}`)
        const answeredMs = performance.now()
        await shown(url, revision)
        waitsMs.push(performance.now() - answeredMs)
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    }),
  )
  const sorted = waitsMs.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  return { perSecond: waitsMs.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) }
}

async function post(url: string, key: string): Promise<string> {
  const response = await fetch(`${url}/v1/ledgers/bench/transactions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body,
  })
  if (response.status !== 201) throw new Error(await response.text())
  await response.arrayBuffer()
  return response.headers.get('ledger-revision') ?? ''
}

/** The read waits for the revision by itself; it is asked again where that takes longer than it may wait. */
async function shown(url: string, revision: string): Promise<void> {
  for (;;) {
    const response = await fetch(
      `${url}/v1/ledgers/bench/accounts/users:alice/balances?asset=USD/2`,
      { headers: { 'min-revision': revision } },
    )
    await response.arrayBuffer()
    if (response.status === 200) return
    if (response.status !== 503) throw new Error(`${response.status}`)
  }
}

const figures = await measure(settings.parse(JSON.parse(process.argv[2] ?? '{}')))
process.stdout.write(`${JSON.stringify(figures)}\n`)
