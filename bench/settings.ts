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

/** Every load begins with so much of itself that does not count: what runs for years is measured, not the compiler. */
export const warmUpSeconds = 10

const aCount = { pattern: /^([1-9]\d*)?$/, meaning: 'a whole number above 0' }
const allowed = {
  BENCH_SECONDS: aCount,
  BENCH_ROUNDS: aCount,
  BENCH_EVENTS: aCount,
  BENCH_LONG: { pattern: /^[01]?$/, meaning: '0 or 1' },
}

/** As the environment has them, what is empty as if it were not set; or what is wrong, in a sentence. */
export function readSettings(
  environment: NodeJS.ProcessEnv = process.env,
): Settings | { readonly problem: string } {
  const given = (name: keyof typeof allowed) => environment[name] ?? ''
  const count = (name: keyof typeof allowed) => (given(name) ? Number(given(name)) : undefined)
  for (const name of ['BENCH_SECONDS', 'BENCH_ROUNDS', 'BENCH_EVENTS', 'BENCH_LONG'] as const) {
    const { pattern, meaning } = allowed[name]
    if (!pattern.test(given(name)))
      return { problem: `${name} must be ${meaning}, not ${JSON.stringify(given(name))}` }
  }
  return {
    seconds: count('BENCH_SECONDS') ?? defaultSettings.seconds,
    rounds: count('BENCH_ROUNDS') ?? defaultSettings.rounds,
    events: count('BENCH_EVENTS'),
    long: given('BENCH_LONG') === '1',
  }
}
