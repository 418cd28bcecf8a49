import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '#commands/handler/outcome.ts'
import { type EventStore, EventStoreUnavailable } from '#ports/event-store.ts'
import { aStore, openStoreOn } from '#test/adapters/eventstoredb/stores.ts'
import type { AppendFault } from '#test/support/eventstoredb/faults.ts'
import { depositing, openAcme, WriteSide } from '#test/support/write-side.ts'

/** Every kind of trouble in turn, between appends that go well. */
const troubles: readonly (AppendFault | undefined)[] = [
  undefined,
  { kind: 'lost', stored: true },
  undefined,
  { kind: 'lost', stored: false },
  { kind: 'slow', ms: 20 },
  { kind: 'silent', stored: true },
  undefined,
  { kind: 'refused', refusal: 'not-ready' },
  undefined,
  { kind: 'silent', stored: false },
  { kind: 'refused', refusal: 'not-leader' },
  undefined,
  { kind: 'refused', refusal: 'timed-out' },
]

const ledgers = ['acme', 'bolt', 'core']
const depositsPerLedger = 30

/** Asks as a client does: the same key again until there is an answer that says what came of it. */
async function surely(ask: () => Promise<Outcome>): Promise<bigint | undefined> {
  for (;;) {
    const outcome = await ask().catch((error: unknown) => {
      // A read of the log that failed: answered as 503, too.
      if (error instanceof EventStoreUnavailable) return undefined
      throw error
    })
    if (outcome?.kind === 'accepted') return outcome.revision
    if (outcome !== undefined && outcome.status < 500 && outcome.code !== 'idempotency-in-flight')
      throw new Error(`${outcome.code}: ${outcome.detail}`)
    await sleep(Math.random() * 20)
  }
}

async function deposits(side: WriteSide, ledgerId: string, name: string) {
  const acknowledged = new Map<string, bigint | undefined>()
  const deposit = async (turn: number) => {
    const key = `${name} ${turn}`
    const asked = { ledgerId, key }
    acknowledged.set(key, await surely(() => side.ask('PostTransaction', depositing('100'), asked)))
  }
  await Promise.all(Array.from({ length: depositsPerLedger }, (_, turn) => deposit(turn)))
  return acknowledged
}

async function opened(store: EventStore): Promise<WriteSide> {
  const side = new WriteSide({ store })
  for (const ledgerId of ledgers) {
    const asked = (key: string) => ({ ledgerId, key })
    await surely(() => side.ask('OpenLedger', { ...openAcme, ledgerId }, asked('open')))
    const cash = { accountId: 'bank:cash', type: 'asset' }
    const alice = { accountId: 'users:alice', type: 'liability' }
    await surely(() => side.ask('OpenAccount', cash, asked('cash')))
    await surely(() => side.ask('OpenAccount', alice, asked('alice')))
  }
  return side
}

describe('the ledger writer on a store whose connections drop under load', () => {
  it('has every acknowledged command in the log exactly once, at its revision', {
    timeout: 60_000,
  }, async () => {
    await using at = await aStore({ appendDeadlineMs: 300, readDeadlineMs: 300 })
    await using otherStore = await openStoreOn(at.double, { appendDeadlineMs: 300 })
    await using one = await opened(at.store)
    await using other = await opened(otherStore)
    let suffered = 0
    at.double.faultFor = (append) => {
      const trouble = troubles[append % troubles.length]
      if (trouble !== undefined) suffered += 1
      return trouble
    }
    const outcomes = await Promise.all(
      ledgers.flatMap((ledgerId) =>
        [one, other].map(async (side, index) => ({
          ledgerId,
          acknowledged: await deposits(side, ledgerId, `writer ${index}`),
        })),
      ),
    )
    at.double.faultFor = () => undefined
    expect(suffered).toBeGreaterThan(troubles.length)
    for (const { ledgerId, acknowledged } of outcomes) {
      const events = await one.events(ledgerId)
      const byKey = Map.groupBy(events, ({ idempotency }) => idempotency.key)
      for (const [key, revision] of acknowledged)
        expect(byKey.get(key)?.map((event) => event.revision)).toEqual([revision])
      expect(events.map(({ revision }) => revision)).toEqual(
        events.map((_, index) => BigInt(index)),
      )
      expect(events).toHaveLength(3 + 2 * depositsPerLedger)
    }
  })
})
