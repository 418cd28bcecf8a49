import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { judged, type Measured } from '#bench/figure.ts'
import { run } from '#bench/processes.ts'
import type { Settings } from '#bench/settings.ts'

const script = 'bench/start.ts'
const eventsByDefault = 1_000_000
const msMax = 2_000

const took = z.object({
  events: z.number(),
  fold: z.object({ ms: z.number() }),
  keep: z.object({ ms: z.number() }),
  start: z.object({ ms: z.number() }),
})

/** From the program's start to its first answer, with the books of a long ledger kept from before and without. */
export async function measure(settings: Settings): Promise<Measured> {
  if (!existsSync(join(import.meta.dirname, '../..', script)))
    return { unavailable: `there is no ${script}` }
  const events = settings.events ?? eventsByDefault
  const figures = took.parse(JSON.parse(await run(script, [String(events)])))
  const of = `a ledger of ${figures.events.toLocaleString('en-US')} events`
  const kept = `from the program's start to the first command's answer, ${of}, its books kept`
  const target = { of: 'value', atMost: msMax } as const
  const unit = 'ms'
  return [
    judged({ name: 'start-kept', what: kept, value: figures.start.ms, unit, target }),
    judged({ name: 'start-fold', what: `folding ${of}`, value: figures.fold.ms, unit }),
    judged({ name: 'start-keep', what: `keeping its books`, value: figures.keep.ms, unit }),
  ]
}
