import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type Figure, judged, type Measured } from '#bench/figure.ts'
import { run } from '#bench/processes.ts'
import type { Settings } from '#bench/settings.ts'

const script = 'bench/start.ts'
const eventsByDefault = 1_000_000
const msMax = 2_000

const took = z.object({
  events: z.number(),
  /** When nothing of the ledger's books is kept yet. */
  first: z.object({ ms: z.number() }),
  kept: z.object({ ms: z.number() }),
})

/** From the program's start to its first answer, with the books of a long ledger kept from before and without. */
export async function measure(settings: Settings): Promise<Measured> {
  if (!existsSync(join(import.meta.dirname, '../..', script)))
    return { unavailable: `there is no ${script}` }
  const events = settings.events ?? eventsByDefault
  const {
    first,
    kept,
    events: filled,
  } = took.parse(JSON.parse(await run(script, [String(events)])))
  const of = `a ledger of ${filled.toLocaleString('en-US')} events`
  return [
    figureOf('start-kept', `start to the first command's answer, ${of}, its books kept`, kept.ms),
    figureOf('start-first', `the same with nothing kept but the log`, first.ms),
  ]
}

function figureOf(name: string, what: string, value: number): Figure {
  return judged({ name, what, value, unit: 'ms', target: { of: 'value', atMost: msMax } })
}
