import { expect, it } from 'vitest'
import { type DueHold, runHoldSweeper } from '#commands/handler/hold-sweeper.ts'
import type { Outcome } from '#commands/handler/outcome.ts'
import { unavailable } from '#commands/handler/refusals.ts'
import { SettableClock } from '#test/support/settable-clock.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const expiresAt = '2020-01-01T00:00:00.000Z'

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
    return ledgerId === 'stuck'
      ? unavailable('not now')
      : { kind: 'accepted', event: 'HoldExpired', data: {}, revision: 1n, replayed: false }
  }
  const clock = new SettableClock()
  await runHoldSweeper(
    {
      bus: { execute },
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
