import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { measuredSchema } from '#bench/figure.ts'
import { machineSchema } from '#bench/machine.ts'

/** What a group measured: when, on what, how long. */
const group = z.strictObject({
  date: z.iso.datetime(),
  machine: machineSchema,
  settings: z.strictObject({
    seconds: z.number(),
    rounds: z.number(),
    events: z.number().optional(),
    long: z.boolean(),
  }),
  measured: measuredSchema,
})

/** `bench/results.json`: the newest of every group, by the group's name. */
const resultsSchema = z.strictObject({ version: z.literal(1), groups: z.record(z.string(), group) })

export type GroupResult = z.infer<typeof group>
export type Results = z.infer<typeof resultsSchema>

/** @returns results without a group where there is no file. @throws where it is not one of this version. */
export function readResults(path: string): Results {
  if (!existsSync(path)) return { version: 1, groups: {} }
  return resultsSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
}

/**
 * The new groups in place of the old of their names; of the others, the old ones. A group that was measured long stays,
 * with all of its rows, until it is measured long again: `kept` names those of the new ones that it keeps out.
 */
export function merged(
  old: Results,
  groups: Results['groups'],
): { readonly results: Results; readonly kept: readonly string[] } {
  const kept = Object.entries(groups).flatMap(([name, { settings }]) =>
    old.groups[name]?.settings.long === true && !settings.long ? [name] : [],
  )
  const replacing = Object.entries(groups).filter(([name]) => !kept.includes(name))
  const all = { ...old.groups, ...Object.fromEntries(replacing) }
  return { results: { version: 1, groups: all }, kept }
}
