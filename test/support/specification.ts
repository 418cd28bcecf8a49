import { expect } from 'vitest'
import { commandNamed } from '#commands/catalogue.ts'
import type { DecisionContext } from '#commands/command.ts'
import type { EventType, LedgerEvent } from '#events/ledger-event.ts'
import { evolve } from '#ledger/evolve.ts'
import { type Ledger, unopenedLedger } from '#ledger/ledger.ts'
import type { LedgerDecision, RejectionCode } from '#ledger/rejections.ts'
import { booksOf } from '#test/support/books-of.ts'
import { recorded, recordedAtOf } from '#test/support/examples.ts'
import { type Fact, history } from '#test/support/history.ts'
import { wellFormed } from '#test/support/write-side.ts'
import type { JsonObject } from '#values/json.ts'
import type { Timestamp } from '#values/timestamps.ts'

type DataOf<Type extends EventType> = Extract<LedgerEvent, { type: Type }>['data']

/** Given these facts, when a client sends this command at this time, then one event follows or it is refused. */
export function given(...facts: readonly Fact[]) {
  const events = history(facts)
  const ledger = unopenedLedger('acme')
  for (const event of events) evolve(ledger, event)
  const when = (
    command: string,
    members: JsonObject,
    now = recordedAtOf(BigInt(events.length)),
  ) => {
    const context = { now, eventAt: (revision: bigint) => events[Number(revision)] }
    return then(decide(ledger, { command, members, context }))
  }
  return { when }
}

type Asked = {
  readonly command: string
  readonly members: JsonObject
  readonly context: DecisionContext
}

/** Decides, and checks what is true of every decision: it repeats itself, changes nothing, and its event folds. */
function decide(ledger: Ledger, { command, members, context }: Asked): LedgerDecision {
  const { input } = wellFormed(command, members)
  const before = booksOf(ledger)
  const decision = commandNamed(command)?.decide(ledger, input, context)
  if (decision === undefined) throw new Error(`there is no command ${command}`)
  expect(commandNamed(command)?.decide(ledger, input, context)).toEqual(decision)
  expect(booksOf(ledger)).toEqual(before)
  if (decision.outcome === 'accepted') foldAndTakeBack(ledger, decision.event, context.now)
  expect(booksOf(ledger)).toEqual(before)
  return decision
}

function foldAndTakeBack(ledger: Ledger, event: LedgerEvent, recordedAt: Timestamp): void {
  const mark = ledger.journal.mark()
  evolve(ledger, recorded(event, { revision: ledger.head.revision + 1n, recordedAt }))
  ledger.journal.undoTo(mark)
}

function then(decision: LedgerDecision) {
  return {
    /** Exactly this event. */
    thenEvent: <Type extends EventType>(type: Type, data: DataOf<Type>) =>
      expect(decision).toEqual({ outcome: 'accepted', event: { type, data } }),
    /** An event of that type, of which at least this is true. */
    thenAccepted: <Type extends EventType>(type: Type, data: Partial<DataOf<Type>> = {}) =>
      expect(decision).toMatchObject({ outcome: 'accepted', event: { type, data } }),
    thenRejected: (code: RejectionCode, context: JsonObject = {}) =>
      expect(decision).toMatchObject({ outcome: 'rejected', code, context }),
    thenNothing: () => expect(decision).toEqual({ outcome: 'nothing' }),
  }
}
