import * as fc from 'fast-check'
import { usually } from '#test/support/long-runs.ts'

/**
 * How properties are tried, as the environment says: as often as the test says, times `PROPERTY_RUNS`. `PROPERTY_SEED`
 * repeats a run; the seed is part of the tests' names, so that it is always on record. With `PROPERTY_PATH` too it is
 * the one case that failed: choose its test by its name then.
 * @throws where it says what is no number, or a path without the seed that it begins from.
 */
export function runsAsked(environment: Readonly<Record<string, string | undefined>>): {
  readonly seed: number
  readonly factor: number
  readonly runs: (count: number) => Runs
} {
  const valid = (name: string, pattern: RegExp) => {
    const text = environment[name]
    if (text !== undefined && !pattern.test(text))
      throw new Error(`${name} is ${JSON.stringify(text)}, not ${pattern.source}`)
    return text
  }
  const factor = Number(valid('PROPERTY_RUNS', /^\d+(\.\d+)?$/) ?? '1')
  const given = valid('PROPERTY_SEED', /^-?\d{1,10}$/)
  const path = valid('PROPERTY_PATH', /^\d+(:\d+)*$/)
  if (path !== undefined && given === undefined)
    throw new Error('PROPERTY_PATH leads nowhere without PROPERTY_SEED')
  const seed = Number(given ?? Date.now() % 2_147_483_647)
  const runs = (count: number): Runs => ({
    numRuns: Math.max(1, Math.round(count * factor)),
    seed,
    // What fails is told in time, though it could be shrunk further.
    interruptAfterTimeLimit: patienceMs / 2,
    ...(path !== undefined && { path, endOnFailure: true, reporter: reportReplay }),
  })
  return { seed, factor, runs }
}

type Runs = {
  readonly numRuns: number
  readonly seed: number
  readonly interruptAfterTimeLimit: number
  readonly path?: string
  readonly endOnFailure?: boolean
  readonly reporter?: typeof reportReplay
}

const asked = runsAsked(process.env)

export const { seed, runs } = asked

/** As fast-check reports; what was asked to be seen again and was not there is no success. */
function reportReplay<Values>(details: fc.RunDetails<Values>): void {
  if (details.failed)
    throw new Error(fc.defaultReportMessage(details) ?? '', { cause: details.errorInstance })
  if (details.numRuns === 0)
    throw new Error('PROPERTY_PATH leads to no case of this property: is it the test that failed?')
}

// When one property has been tried long enough, on a machine that is busy with other things.
const enoughMs = 25_000 * Math.max(1, asked.factor)

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
