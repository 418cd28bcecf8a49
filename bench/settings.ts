import process from 'node:process'

/** How long and how large the bench is. */
export type Settings = {
  /** Of one round. */
  readonly seconds: number
  /** How many rounds subject and limit take in turn; what is reported is the median. */
  readonly rounds: number
  /** Undefined: every group takes its own number. */
  readonly events?: number | undefined
  /** Whether what takes an hour is measured too. */
  readonly long: boolean
}

export const defaultSettings = { seconds: 5, rounds: 3, long: false } satisfies Settings

/** @throws where a number is none. */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const count = (name: string) => countOf(name, environment[name])
  return {
    seconds: count('BENCH_SECONDS') ?? defaultSettings.seconds,
    rounds: count('BENCH_ROUNDS') ?? defaultSettings.rounds,
    events: count('BENCH_EVENTS'),
    long: environment['BENCH_LONG'] === '1',
  }
}

function countOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new Error(`${name} must be a whole number above 0, not ${JSON.stringify(text)}`)
}
