import { listLines } from '#cli/projections/list.ts'
import { describe, expect, it } from 'vitest'
import { boundedStatus, projectionStatus } from '#projections/runtime/projection-status.ts'
import { epochMsOf } from '#values/timestamps.ts'

const model = { name: 'accounts', version: 2, build: 1 }
const nowMs = epochMsOf('2026-03-01T12:01:00.000Z')
const checkpoint = { revision: 7n, recordedAt: '2026-03-01T12:00:00.000Z' }

describe('the status of a projection', () => {
  it('has no lag where every ledger is at its head, however long ago that was', () => {
    expect(
      projectionStatus({
        model,
        checkpoints: new Map([['acme', checkpoint]]),
        heads: new Map([['acme', { revision: 7n }]]),
        nowMs,
      }),
    ).toEqual({
      name: 'accounts',
      version: 2,
      build: 1,
      status: 'live',
      lagEvents: 0,
      lagSeconds: 0,
      parkedLedgers: [],
      skippedEvents: [],
      building: null,
    })
  })

  it('sums the events that are missing and takes the longest wait', () => {
    const heads = new Map([
      ['acme', { revision: 9n, waitingSince: '2026-03-01T12:00:58.500Z' }],
      ['umbra', { revision: 3n, waitingSince: '2026-03-01T12:00:57.000Z' }],
      ['newer', { revision: 0n }],
    ])
    const checkpoints = new Map([
      ['acme', checkpoint],
      ['umbra', { ...checkpoint, revision: 0n }],
    ])
    expect(projectionStatus({ model, checkpoints, heads, nowMs })).toMatchObject({
      lagEvents: 2 + 3 + 1,
      lagSeconds: 3,
    })
  })

  it('takes the last event applied where it is not known since when events wait', () => {
    const heads = new Map([['acme', { revision: 8n }]])
    const checkpoints = new Map([['acme', checkpoint]])
    expect(projectionStatus({ model, checkpoints, heads, nowMs }).lagSeconds).toBe(60)
  })

  it('has no lag where the model is ahead of a head read earlier, or the clock behind', () => {
    const checkpoints = new Map([['acme', checkpoint]])
    const behind = new Map([['acme', { revision: 6n }]])
    expect(projectionStatus({ model, checkpoints, heads: behind, nowMs }).lagEvents).toBe(0)
    const heads = new Map([['acme', { revision: 8n }]])
    expect(projectionStatus({ model, checkpoints, heads, nowMs: 0 }).lagSeconds).toBe(0)
  })

  it('names the parked ledgers and why', () => {
    const parked = { revision: 0n, reason: 'unknown event type' }
    const checkpoints = new Map([
      ['acme', { revision: -1n, recordedAt: '1970-01-01T00:00:00.000Z', parked }],
    ])
    const heads = new Map([['acme', { revision: 4n }]])
    expect(projectionStatus({ model, checkpoints, heads, nowMs })).toEqual({
      name: 'accounts',
      version: 2,
      build: 1,
      status: 'parked',
      lagEvents: 5,
      lagSeconds: 0,
      parkedLedgers: [{ ledgerId: 'acme', revision: '0', reason: 'unknown event type' }],
      skippedEvents: [],
      building: null,
    })
  })

  it('says which ledgers stand still in what is built, though none does in what serves', () => {
    const at = { revision: 3n, recordedAt: '2026-03-01T12:00:00.000Z' }
    const parked = { revision: 4n, reason: 'a bug of the new version' }
    const building = {
      version: 2,
      build: 1,
      checkpoints: new Map([['acme', { ...at, parked }]]),
    }
    const live = { model: { name: 'accounts', version: 1, build: 1 }, nowMs: 0, building }
    const status = projectionStatus({
      ...live,
      checkpoints: new Map([['acme', { ...at, revision: 9n }]]),
      heads: new Map([['acme', { revision: 9n }]]),
    })
    const listed = [{ ledgerId: 'acme', revision: '4', reason: 'a bug of the new version' }]
    expect(status).toMatchObject({ status: 'live', parkedLedgers: [] })
    expect(status.building).toMatchObject({ appliedEvents: 4, parkedLedgers: listed })
    expect(boundedStatus(status).building).toMatchObject({ parkedCount: 1, parkedLedgers: listed })
    expect(listLines([status], []).at(-1)).toBe(
      'accounts: v2 build 1: acme is parked at revision 4: a bug of the new version',
    )
  })

  it('is rebuilding where nothing serves, with how far what is built has come', () => {
    const checkpoints = new Map([['acme', checkpoint]])
    const heads = new Map([
      ['acme', { revision: 9n }],
      ['umbra', { revision: 1n }],
    ])
    const building = { version: 2, build: 3, checkpoints }
    const unbuilt = { name: 'accounts', version: 2 }
    expect(projectionStatus({ model: unbuilt, checkpoints, heads, nowMs, building })).toMatchObject(
      {
        status: 'rebuilding',
        build: null,
        building: { version: 2, build: 3, appliedEvents: 8, totalEvents: 12 },
      },
    )
  })
})

describe('a status of bounded length', () => {
  it('lists the first 100 parked ledgers, and counts all', () => {
    const parked = { revision: 8n, reason: 'no such account' }
    const ledgerIds = Array.from({ length: 150 }, (_, index) => `l-${index}`)
    const checkpoints = new Map(ledgerIds.map((each) => [each, { ...checkpoint, parked }]))
    const whole = projectionStatus({ model, checkpoints, heads: new Map(), nowMs })
    const bounded = boundedStatus(whole)
    expect(bounded).toMatchObject({ status: 'parked', parkedCount: 150 })
    expect(bounded.parkedLedgers).toEqual(whole.parkedLedgers.slice(0, 100))
  })

  it('lists the first 100 skipped events, and counts all', () => {
    const whole = withSkips(100_000)
    const bounded = boundedStatus(whole)
    expect(bounded).toMatchObject({ status: 'live', skippedCount: 100_000 })
    expect(bounded.skippedEvents).toEqual(whole.skippedEvents.slice(0, 100))
    expect(JSON.stringify(bounded).length).toBeLessThan(20_000)
    expect(boundedStatus(withSkips(1))).toMatchObject({ skippedCount: 1, ...withSkips(1) })
  })
})

describe('the lines about skipped events', () => {
  const linesOf = (count: number) => listLines([withSkips(count)], []).slice(2)

  it('are one for each, and say nothing more where these are all', () => {
    expect(linesOf(100)).toHaveLength(100)
    expect(linesOf(100)[0]).toBe(
      'accounts: acme goes past revision 100, skipped by ops at 2026-03-01T12:00:00.000Z: INC-7',
    )
  })

  it('are at most 100, and one that says how many more there are and where', () => {
    const lines = linesOf(100_000)
    expect(lines).toHaveLength(101)
    expect(lines.at(-1)).toBe('accounts: and 99900 skipped before; --json lists them all')
  })
})

/** The last that was skipped comes first. */
function withSkips(count: number) {
  const skippedEvents = Array.from({ length: count }, (_, index) => ({
    ledgerId: 'acme',
    revision: `${count - index}`,
    actor: 'ops',
    reason: 'INC-7',
    recordedAt: checkpoint.recordedAt,
  }))
  return projectionStatus({ model, checkpoints: new Map(), heads: new Map(), nowMs, skippedEvents })
}
