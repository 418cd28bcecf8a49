import type { BatchItem, MalformedItem, ParsedItem } from '#commands/parse-command.ts'
import type { EventType } from '#events/ledger-event.ts'
import type { LedgerId, RevisionId } from '#values/ids.ts'
import type { Json, JsonObject } from '#values/json.ts'
import type { Timestamp } from '#values/timestamps.ts'

/** Who asks, and as part of what. */
export type Circumstances = {
  readonly actor: string
  readonly correlationId: string
  readonly causationId: string
}

/** A parsed command for one ledger. `request` is `{command, …path ids, …body}` as sent: it is fingerprinted, and recorded with a refusal. */
export type CommandRequest = Circumstances & {
  readonly ledgerId: LedgerId
  readonly key: string
  readonly item: ParsedItem
}

/** `commands` are the items as sent: with `mode` they are fingerprinted, and recorded with a refusal of the whole. */
export type BatchRequest = Circumstances & {
  readonly ledgerId: LedgerId
  readonly key: string
  readonly mode: 'atomic' | 'independent'
  readonly items: readonly BatchItem[]
  readonly commands: readonly Json[]
}

/** What came of one command. `revision` is that of the event recorded; absent where nothing was. */
export type Outcome = AcceptedOutcome | RefusedOutcome

/** `data` is the resource as the command left it; `event` tells what was created or done. */
export type AcceptedOutcome = {
  readonly kind: 'accepted'
  readonly event: EventType
  readonly data: JsonObject
  readonly revision?: bigint
  readonly replayed: boolean
}

/** `code` is one of `RejectionCode` or `UnrecordedCode`; `retryAfterSeconds` where trying again later may help. */
export type RefusedOutcome = {
  readonly kind: 'refused'
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly context: JsonObject
  readonly revision?: bigint
  readonly replayed: boolean
  readonly retryAfterSeconds?: number
}

/**
 * What came of a batch: a refusal of the whole, or one outcome per item (malformed ones among them where independent).
 * `revision` is the last event's.
 */
export type BatchOutcome =
  | RefusedOutcome
  | {
      readonly kind: 'batch'
      readonly mode: 'atomic' | 'independent'
      readonly items: readonly (Outcome | MalformedItem)[]
      readonly revision?: bigint
      readonly replayed: boolean
    }

/** A dry run's outcome and the revision it was decided on (absent for a ledger that does not exist yet). */
export type DryRun<Kind> = { readonly outcome: Kind; readonly decidedOn?: bigint }

/** A hold that seems to be due; the books decide whether it is. */
export type DueHold = {
  readonly ledgerId: LedgerId
  readonly holdId: RevisionId
  readonly expiresAt: Timestamp
}

/** Takes commands for every ledger and answers once what they came to is durable. Never throws for what a client can cause. */
export type CommandBus = AsyncDisposable & {
  execute(request: CommandRequest): Promise<Outcome>
  executeBatch(request: BatchRequest): Promise<BatchOutcome>
  dryRun(request: CommandRequest): Promise<DryRun<Outcome>>
  dryRunBatch(request: BatchRequest): Promise<DryRun<BatchOutcome>>
  /** The open holds of a ledger that were due by `now`, as its books have them, or why these can't be asked. */
  dueHolds(ledgerId: LedgerId, now: Timestamp): Promise<readonly DueHold[] | RefusedOutcome>
  /** Whether requests of so many bytes would be taken now: as many wait as may where not. */
  hasRoom(bytes: number): boolean
  /** Whether commands are taken as far as the clock goes. */
  believesClock(): boolean
  /** Confirms a clock that jumped (see the operating guide); commands are taken again. */
  confirmClock(): void
}

/** Refusals that leave no trace in the log, with their HTTP status. */
export const unrecordedStatuses = {
  'ledger-exists': 409,
  'ledger-not-found': 404,
  'idempotency-key-mismatch': 422,
  'idempotency-key-used': 409,
  'idempotency-in-flight': 409,
  overloaded: 503,
  'clock-jumped': 503,
  'log-damaged': 503,
  unavailable: 503,
  'not-due': 409,
  'outcome-unknown': 504,
} as const

export type UnrecordedCode = keyof typeof unrecordedStatuses
