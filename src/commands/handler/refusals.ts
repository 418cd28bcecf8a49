import {
  type RefusedOutcome,
  type UnrecordedCode,
  unrecordedStatuses,
} from '#commands/handler/outcome.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import type { LedgerId } from '#values/ids.ts'
import type { JsonObject } from '#values/json.ts'
import { inKeyOrder } from '#values/metadata.ts'

/** A refusal that leaves no trace in the log. */
export function unrecorded(
  code: UnrecordedCode,
  detail: string,
  extra: { readonly context?: JsonObject; readonly retryAfterSeconds?: number } = {},
): RefusedOutcome {
  return {
    kind: 'refused',
    status: unrecordedStatuses[code],
    code,
    detail,
    context: extra.context ?? {},
    replayed: false,
    ...(extra.retryAfterSeconds !== undefined && { retryAfterSeconds: extra.retryAfterSeconds }),
  }
}

export const overloaded = unrecorded('overloaded', 'too many commands are waiting', {
  retryAfterSeconds: 1,
})

export const outcomeUnknown = unrecorded(
  'outcome-unknown',
  'whether this was stored is not known: retry with the same Idempotency-Key',
  { retryAfterSeconds: 1 },
)

export const inFlight = unrecorded(
  'idempotency-in-flight',
  'the first request with this key has no outcome yet',
  { retryAfterSeconds: 1 },
)

/** The key of one item of a batch, by the item's index where that is not plain. */
export function keyUsed(key: string, index?: number): RefusedOutcome {
  const which = index === undefined ? 'this command' : `command ${index}`
  return unrecorded('idempotency-key-used', `the key of ${which} was used before`, {
    context: { idempotencyKey: key, ...(index !== undefined && { index }) },
  })
}

export function ledgerNotFound(ledgerId: LedgerId): RefusedOutcome {
  return unrecorded('ledger-not-found', `there is no ledger ${ledgerId}`, { context: { ledgerId } })
}

export function unavailable(detail: string): RefusedOutcome {
  return unrecorded('unavailable', detail, { retryAfterSeconds: 1 })
}

/** Trying again helps once a backup is restored. */
export function logDamaged(revision: bigint | undefined): RefusedOutcome {
  return unrecorded('log-damaged', 'what is stored of this ledger is not what was written', {
    context: revision === undefined ? {} : { revision: revision.toString() },
    retryAfterSeconds: 60,
  })
}

export function clockJumped(detail: string): RefusedOutcome {
  return unrecorded('clock-jumped', detail, { retryAfterSeconds: 60 })
}

export const waitedTooLong = unavailable('the outcome of an earlier append is not known yet')

/** The refusal that an event recorded. */
export function recordedRefusal(
  event: Extract<RecordedEvent, { type: 'CommandRejected' }>,
  replayed: boolean,
): RefusedOutcome {
  const { status, code, detail } = event.data
  const context = inKeyOrder(event.data.context)
  return { kind: 'refused', status, code, detail, context, revision: event.revision, replayed }
}
