import { usually } from '#test/support/long-runs.ts'

/**
 * How often properties are tried: as often as the test says, times `PROPERTY_RUNS`. `PROPERTY_SEED`
 * repeats a run; the seed is part of the tests' names, so that it is always on record. With
 * `PROPERTY_PATH` too it is the one case that failed: choose its test by its name then.
 */
const factor = Number(process.env['PROPERTY_RUNS'] ?? '1')
const path = process.env['PROPERTY_PATH']

export const seed = Number(process.env['PROPERTY_SEED'] ?? Date.now() % 2_147_483_647)

export function runs(count: number): Runs {
  const numRuns = Math.max(1, Math.round(count * factor))
  // What fails is told in time, though it could be shrunk further.
  const interruptAfterTimeLimit = patienceMs / 2
  return {
    numRuns,
    seed,
    interruptAfterTimeLimit,
    ...(path !== undefined && { path, endOnFailure: true }),
  }
}

type Runs = {
  readonly numRuns: number
  readonly seed: number
  readonly interruptAfterTimeLimit: number
  readonly path?: string
  readonly endOnFailure?: boolean
}

// When one property has been tried long enough, on a machine that is busy with other things.
const enoughMs = 25_000 * Math.max(1, factor)

/** Tries no more once one property has taken long enough. */
export function untilEnough<Values extends readonly unknown[]>(
  property: (...values: Values) => Promise<void>,
): (...values: Values) => Promise<void> {
  const begun = performance.now()
  return async (...values) => {
    if (performance.now() - begun < enoughMs) await property(...values)
  }
}

/** After that something hangs. */
export const patienceMs = 8 * enoughMs * usually(1, { long: 10 })
