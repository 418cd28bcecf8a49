import { z } from 'zod'
import { openBooks } from '#bench/books.ts'
import { load, median } from '#bench/clients.ts'
import { startDaybook } from '#bench/daybook.ts'
import { type Figure, judged } from '#bench/figure.ts'
import { peakPerSecond } from '#bench/groups/single.ts'
import { run, type Server } from '#bench/processes.ts'
import { type Settings, warmUpSeconds } from '#bench/settings.ts'

const waitsSchema = z.object({ perSecond: z.number(), p50Ms: z.number(), p99Ms: z.number() })

const connections = 64
const clients = 8
const pauseMs = 20
/** The load begins before the first wait that counts and ends after the last. */
const marginSeconds = 1

/** From a command's answer to a balance that shows it, while half of the peak comes in. */
export async function measure(settings: Settings): Promise<readonly Figure[]> {
  const perSecond = Math.round((await peakPerSecond(settings)) / 2)
  await using daybook = await startDaybook()
  await openBooks(daybook)
  await waitsUnder(daybook, perSecond, { seconds: warmUpSeconds, run: 'warm' })
  const waits: Waits[] = []
  for (let round = 0; round < settings.rounds; round += 1)
    waits.push(
      await waitsUnder(daybook, perSecond, { seconds: settings.seconds, run: `round-${round}` }),
    )
  const rate = Math.round(median(waits.map(({ carried }) => carried)))
  const under = `at ${rate.toLocaleString('en-US')} commands/s, half of the peak`
  return [
    judged({
      name: 'visible-p99',
      what: `p99 from a command's answer to a balance that shows it, ${under}`,
      value: median(waits.map(({ p99Ms }) => p99Ms)),
      unit: 'ms',
      target: { of: 'value', atMost: 50 },
    }),
    judged({
      name: 'visible-p50',
      what: `p50 of the same`,
      value: median(waits.map(({ p50Ms }) => p50Ms)),
      unit: 'ms',
    }),
  ]
}

type Waits = { readonly p50Ms: number; readonly p99Ms: number; readonly carried: number }

async function waitsUnder(
  server: Server,
  perSecond: number,
  { seconds, run: name }: { readonly seconds: number; readonly run: string },
): Promise<Waits> {
  const loading = load(server, {
    asking: { request: 'transaction' },
    connections,
    seconds: seconds + 2 * marginSeconds,
    perSecond,
  })
  const waiting = (async () => {
    await new Promise((resolve) => setTimeout(resolve, marginSeconds * 1000))
    return waitsAt(server, { clients, seconds, pauseMs, run: name })
  })()
  const [loaded, waits] = await Promise.all([loading, waiting])
  return { ...waits, carried: loaded.perSecond }
}

type Waiting = {
  readonly clients: number
  readonly seconds: number
  readonly pauseMs: number
  readonly run: string
}

/** What clients of the kind of `visible.ts` wait for. */
export async function waitsAt(
  { url }: Pick<Server, 'url'>,
  waiting: Waiting,
): Promise<z.infer<typeof waitsSchema>> {
  const printed = await run('bench/visible.ts', [JSON.stringify({ ...waiting, url })])
  return waitsSchema.parse(JSON.parse(printed))
}
