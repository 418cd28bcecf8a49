import type { Task } from '#commands/handler/job.ts'
import type { EventType } from '#events/ledger-event.ts'
import type { CommandRejected } from '#events/command-rejected.ts'
import { type LedgerRejection, rejectionStatuses } from '#ledger/rejections.ts'
import { appendBytesMax, appendEventsMax } from '#ports/event-store.ts'
import { reject } from '#values/decision.ts'
import type { JsonObject } from '#values/json.ts'

/** One event's canonical JSON has at most this many bytes, but for those that are never refused for it. */
export const eventBytesMax = 256 * 1024

/**
 * How many bytes an event may have. What gives back, or is said of an account that exists, is never too large: it carries
 * balances that have grown since the hold was placed or the account opened, and nobody could end or freeze those
 * otherwise. Twice the bytes are enough for what was let in with half.
 */
const bytesMax: Readonly<Record<EventType, number>> = {
  LedgerOpened: eventBytesMax,
  LedgerChanged: eventBytesMax,
  AssetRegistered: eventBytesMax,
  AccountOpened: eventBytesMax,
  AccountLimitsChanged: appendBytesMax,
  MetadataSet: appendBytesMax,
  AccountFrozen: appendBytesMax,
  AccountUnfrozen: appendBytesMax,
  AccountClosed: appendBytesMax,
  AccountReopened: appendBytesMax,
  TransactionPosted: eventBytesMax,
  HoldPlaced: eventBytesMax,
  HoldCaptured: appendBytesMax,
  HoldVoided: appendBytesMax,
  HoldExpired: appendBytesMax,
  HoldExtended: eventBytesMax,
  CommandRejected: eventBytesMax,
}

/** How many bytes an event of the type may have. */
export function bytesMaxOf(type: EventType): number {
  return bytesMax[type]
}

export type RefusalData = CommandRejected['data']

export const eventTooLarge: LedgerRejection = reject(
  'event-too-large',
  'the event would exceed 256 KiB',
  { bytesMax: eventBytesMax },
)

export const batchTooLarge = {
  status: rejectionStatuses['batch-too-large'],
  code: 'batch-too-large',
  detail: 'an atomic batch has at most 500 commands and 512 KiB of events',
  context: { commandsMax: appendEventsMax, bytesMax: appendBytesMax },
}

/** `account-not-found` is 404 for the account in the path, 422 for one in the body. */
export function refusalOf(task: Task, rejection: LedgerRejection): RefusalData {
  const { code, detail, context } = rejection
  const inBody = code === 'account-not-found' && !task.command.pathIds.includes('accountId')
  const status = inBody ? 422 : rejectionStatuses[code]
  return { command: task.command.name, request: task.request, status, code, detail, context }
}

/** An atomic batch is refused with the code of the item that was, and says which. */
export function inItem(
  index: number,
  refusal: { readonly code: string; readonly detail: string; readonly context: JsonObject },
): Omit<RefusalData, 'command' | 'request'> {
  const { code, detail, context } = refusal
  return { status: 422, code, detail, context: { ...context, index } }
}
