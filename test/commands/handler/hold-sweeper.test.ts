import { describe, expect, it } from 'vitest'
import { runHoldSweeper } from '#commands/handler/hold-sweeper.ts'
import type { DueHold, Outcome } from '#commands/handler/outcome.ts'
import { clockJumped, unavailable } from '#commands/handler/refusals.ts'
import { systemPace } from '#ports/pace.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { SettableClock } from '#test/support/settable-clock.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const expiresAt = '2020-01-01T00:00:00.000Z'
const expired: Outcome = {
  kind: 'accepted',
  event: 'HoldExpired',
  data: {},
  revision: 1n,
  replayed: false,
}

it('expires all that is due in one sweep, also behind more than a page that cannot be expired', async () => {
  const due = Array.from({ length: 1_700 }, (_, index): DueHold => {
    return { ledgerId: index < 600 ? 'stuck' : 'well', holdId: index.toString(), expiresAt }
  })
  const stop = new AbortController()
  const asked: string[] = []
  const execute = async ({
    ledgerId,
    key,
  }: {
    ledgerId: string
    key: string
  }): Promise<Outcome> => {
    asked.push(key)
    if (asked.length === due.length) stop.abort()
    return ledgerId === 'stuck' ? unavailable('not now') : expired
  }
  const clock = new SettableClock()
  await runHoldSweeper(
    {
      bus: { execute, dueHolds: async () => [] },
      neglected: async () => [],
      dueHolds: async (_now, { limit, after }) => {
        const from = after === undefined ? 0 : due.indexOf(after) + 1
        return due.slice(from, from + limit)
      },
      clock,
      logger: silent,
      intervalMs: 60_000,
    },
    stop.signal,
  )
  expect(asked).toEqual(due.map(({ holdId }) => `daybook:expire:${holdId}:${expiresAt}`))
})

/** Sweeps the same due holds as often as there are answers, one answer for each hold of a sweep. */
async function swept(sweeps: readonly (readonly Outcome[] | Error)[]) {
  const stop = new AbortController()
  const clock = new SettableClock()
  const { logger, lines } = recordingLogger()
  const pauses: number[] = []
  let answers: Outcome[] = []
  const pause = async (ms: number) => {
    pauses.push(ms)
    clock.pass(ms)
    if (pauses.length === sweeps.length) stop.abort()
  }
  await runHoldSweeper(
    {
      bus: { execute: async () => answers.shift() ?? expired, dueHolds: async () => [] },
      neglected: async () => [],
      dueHolds: async () => {
        const sweep = sweeps[pauses.length] ?? []
        if (sweep instanceof Error) throw sweep
        answers = [...sweep]
        return sweep.map((_, index) => ({ ledgerId: 'acme', holdId: `${index}`, expiresAt }))
      },
      clock,
      logger,
      intervalMs: 500,
      pace: { ...systemPace, pause },
    },
    stop.signal,
  )
  return { pauses, lines }
}

it('asks the books of ledgers whose holds the read model may lack', async () => {
  const stop = new AbortController()
  const asked: string[] = []
  const execute = async ({ key }: { key: string }): Promise<Outcome> => {
    asked.push(key)
    return expired
  }
  const inBooks = async (ledgerId: string) =>
    ledgerId === 'away' ? unavailable('not now') : [{ ledgerId, holdId: '7', expiresAt }]
  const { logger, lines } = recordingLogger()
  await runHoldSweeper(
    {
      bus: { execute, dueHolds: inBooks },
      dueHolds: async () => [{ ledgerId: 'acme', holdId: '3', expiresAt }],
      neglected: async () => ['away', 'parked'],
      clock: new SettableClock(),
      logger,
      intervalMs: 500,
      pace: { ...systemPace, pause: async () => stop.abort() },
    },
    stop.signal,
  )
  expect(asked).toEqual([3, 7].map((id) => `daybook:expire:${id}:${expiresAt}`))
  expect(lines).toMatchObject([{ message: 'holds not expired', fields: { failed: 1 } }])
})

describe('a sweeper that can expire nothing of what is due', () => {
  const jumped = clockJumped('the wall clock ran ahead')

  it('sweeps ever more seldom, up to some seconds', async () => {
    const { pauses } = await swept(Array.from({ length: 6 }, () => [jumped, jumped]))
    expect(pauses).toEqual([1_000, 2_000, 4_000, 5_000, 5_000, 5_000])
  })

  it('does the same where it can’t even ask what is due', async () => {
    const { pauses, lines } = await swept([new Error('no'), new Error('no'), []])
    expect(pauses).toEqual([1_000, 2_000, 500])
    expect(lines.map(({ message }) => message)).toEqual(
      Array(2).fill('a sweep of due holds failed'),
    )
  })

  it('goes back to its pace as soon as one can be expired, or none is due', async () => {
    const { pauses } = await swept([[jumped], [jumped], [jumped, expired], [jumped], []])
    expect(pauses).toEqual([1_000, 2_000, 500, 1_000, 500])
  })

  it('says so in full once, and then once a sweep how many there are', async () => {
    const { lines } = await swept([[jumped], [jumped, jumped], [jumped]])
    const message = 'holds not expired'
    expect(lines).toEqual([
      { level: 'warn', message, fields: { err: 'clock-jumped', failed: 1, first: jumped } },
      ...[2, 1].map((failed) => ({
        level: 'warn',
        message,
        fields: { reason: 'clock-jumped', times: 1, failed, first: jumped },
      })),
    ])
  })

  it('keeps its pace, and tells at most once a second, where only some can’t be expired', async () => {
    const { pauses, lines } = await swept(Array.from({ length: 4 }, () => [jumped, expired]))
    expect(pauses).toEqual([500, 500, 500, 500])
    expect(lines.map(({ fields }) => fields)).toMatchObject([{ err: 'clock-jumped' }, { times: 2 }])
  })
})
