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
  anew: z.object({ ms: z.number() }),
  keep: z.object({ ms: z.number() }),
  start: z.object({ ms: z.number() }),
  indexBytes: z.number(),
})

/** From the program's start to its first answer, with the books of a long ledger kept from before and without. */
export async function measure(settings: Settings): Promise<Measured> {
  if (!existsSync(join(import.meta.dirname, '../..', script)))
    return { unavailable: `there is no ${script}` }
  const events = settings.events ?? eventsByDefault
  const figures = took.parse(JSON.parse(await run(script, [String(events)])))
  const of = `a ledger of ${figures.events.toLocaleString('en-US')} events`
  const start = `from the program's start to the first command's answer, ${of}`
  const kept = `${start}, its books kept: the median of three`
  const anew = `the same, nothing kept: the keeper keeps its books first`
  const target = { of: 'value', atMost: msMax } as const
  const unit = 'ms'
  return [
    judged({ name: 'start-kept', what: kept, value: figures.start.ms, unit, target }),
    judged({ name: 'start-anew', what: anew, value: figures.anew.ms, unit }),
    judged({ name: 'start-fold', what: `folding ${of}`, value: figures.fold.ms, unit }),
    judged({ name: 'start-keep', what: `keeping its books`, value: figures.keep.ms, unit }),
    judged({
      name: 'start-index',
      what: 'kept on the disk for each of its events, the key of a command short',
      value: figures.indexBytes / figures.events,
      unit: 'bytes',
    }),
  ]
}
