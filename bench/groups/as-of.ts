import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Measured, measuredSchema } from '#bench/figure.ts'
import { run } from '#bench/processes.ts'
import type { Settings } from '#bench/settings.ts'

const script = 'bench/as-of.ts'
const entriesByDefault = 1_000_000

/** Balances and statements as of a past moment: a script of its own, which prints its figures as one line of JSON. */
export async function measure({ events }: Settings): Promise<Measured> {
  if (!existsSync(join(import.meta.dirname, '../..', script)))
    return { unavailable: `there is no ${script}` }
  const printed = await run(script, [String(events ?? entriesByDefault)])
  return measuredSchema.parse(JSON.parse(printed))
}
