/**
 * How often properties are tried: as often as the test says, times `DAYBOOK_PROPERTY_RUNS`. `DAYBOOK_PROPERTY_SEED`
 * repeats a run; the seed is part of the tests' names, so that it is always on record.
 */
const factor = Number(process.env['DAYBOOK_PROPERTY_RUNS'] ?? '1')

export const seed = Number(process.env['DAYBOOK_PROPERTY_SEED'] ?? Date.now() % 2_147_483_647)

export function runs(count: number): {
  readonly numRuns: number
  readonly seed: number
  readonly interruptAfterTimeLimit?: number
} {
  return { numRuns: Math.max(1, Math.round(count * factor)), seed }
}

/** Time for a test with properties; a longer run gets more. */
export const patienceMs = 60_000 * Math.max(1, factor)
