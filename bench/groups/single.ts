import { openBooks } from '#bench/books.ts'
import { inTurn, load, type Loaded, median, rate } from '#bench/clients.ts'
import { startDaybook } from '#bench/daybook.ts'
import { type Figure, judged } from '#bench/figure.ts'
import { startServer } from '#bench/processes.ts'
import { type Settings, warmUpSeconds } from '#bench/settings.ts'

const connections = 64

type Singles = { readonly own: readonly Loaded[]; readonly bare: readonly Loaded[] }

let measured: Promise<Singles> | undefined

/** Durable transactions, one a request, while the read models are being built. */
export async function measure(settings: Settings): Promise<readonly Figure[]> {
  const { own, bare } = await singles(settings)
  return [
    judged({
      name: 'single',
      what: `durable POST …/transactions, ${connections} connections, read models being built`,
      value: rate(own),
      unit: 'requests/s',
      limit: { what: 'bare Express and zod, a constant answer', value: rate(bare) },
      target: { of: 'ratio', atLeast: 0.6 },
    }),
    judged({
      name: 'single-p99',
      what: 'the slowest hundredth of these requests takes at least',
      value: median(own.map(({ p99Ms }) => p99Ms)),
      unit: 'ms',
      limit: { what: 'bare Express', value: median(bare.map(({ p99Ms }) => p99Ms)) },
    }),
  ]
}

/** The most commands a second, as `single` measures it: once in a run, by whoever asks first. */
export async function peakPerSecond(settings: Settings): Promise<number> {
  return rate((await singles(settings)).own)
}

function singles(settings: Settings): Promise<Singles> {
  measured ??= measureSingles(settings)
  return measured
}

async function measureSingles({ seconds, rounds }: Settings): Promise<Singles> {
  await using bareExpress = await startServer('bench/bare-express.ts', [])
  await using daybook = await startDaybook()
  await openBooks(daybook)
  const asking = { request: 'transaction' } as const
  for (const server of [bareExpress, daybook])
    await load(server, { asking, connections, seconds: warmUpSeconds })
  const [bare, own] = await inTurn(
    rounds,
    () => load(bareExpress, { asking, connections, seconds }),
    () => load(daybook, { asking, connections, seconds }),
  )
  return { own, bare }
}
