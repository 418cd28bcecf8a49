import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { openBooks } from '#bench/books.ts'
import { load, median, rate } from '#bench/clients.ts'
import { startDaybook, temporaryFolder } from '#bench/daybook.ts'
import { type Figure, judged } from '#bench/figure.ts'
import { type Settings, warmUpSeconds } from '#bench/settings.ts'

const delays = z.object({ p50Ms: z.number(), p99Ms: z.number(), maxMs: z.number() })

const asking = { request: 'transaction' } as const
const connections = 64

/** How late the server's event loop is while all that it can carry comes in. */
export async function measure(settings: Settings): Promise<readonly Figure[]> {
  const rounds: Awaited<ReturnType<typeof delayUnderLoad>>[] = []
  for (let round = 0; round < settings.rounds; round += 1)
    rounds.push(await delayUnderLoad(settings.seconds))
  const perSecond = Math.round(rate(rounds.map(({ loaded }) => loaded)))
  return [
    judged({
      name: 'loop-p99',
      what: `p99 of the event loop's delay at ${perSecond.toLocaleString('en-US')} commands/s, ${connections} connections`,
      value: median(rounds.map(({ delay }) => delay.p99Ms)),
      unit: 'ms',
      target: { of: 'value', atMost: 20 },
    }),
    judged({
      name: 'loop-max',
      what: 'the longest one',
      value: median(rounds.map(({ delay }) => delay.maxMs)),
      unit: 'ms',
    }),
  ]
}

/** A new server each time: what it saw is written when it ends. */
async function delayUnderLoad(seconds: number) {
  using folder = temporaryFolder()
  const file = join(folder.path, 'loop.json')
  const probe = pathToFileURL(join(import.meta.dirname, '../loop-probe.ts'))
  const environment = { BENCH_LOOP_FILE: file, NODE_OPTIONS: `--import=${probe.href}` }
  const loaded = await (async () => {
    await using daybook = await startDaybook({ environment })
    await openBooks(daybook)
    await load(daybook, { asking, connections, seconds: warmUpSeconds })
    process.kill(daybook.pid, 'SIGUSR2')
    return await load(daybook, { asking, connections, seconds })
  })()
  return { loaded, delay: delays.parse(JSON.parse(readFileSync(file, 'utf8'))) }
}
