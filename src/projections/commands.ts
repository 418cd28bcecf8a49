import type { RecordedEvent } from '#events/envelope.ts'
import type { EventType } from '#events/ledger-event.ts'
import type { CommandDocument } from '#projections/documents.ts'
import type { Projection } from '#projections/projection.ts'

/** One document per event: who asked what, when, and what came of it. */
export const commands: Projection<CommandDocument> = {
  name: 'commands',
  version: 1,
  appendOnly: true,
  id: 'revision',
  fields: {
    revision: 'integer',
    event: 'text',
    actor: 'text',
    idempotencyKey: 'text',
    correlationId: 'text',
    recordedAt: 'text',
  },
  selective: ['idempotencyKey', 'correlationId'],
  indexes: [
    ['revision'],
    ['event', 'revision'],
    ['actor', 'revision'],
    ['idempotencyKey', 'revision'],
    ['correlationId', 'revision'],
  ],

  keysOf: (event) => [event.revision.toString()],

  evolve: (_document, event) => ({
    revision: event.revision.toString(),
    command: commandOf(event),
    event: event.type,
    ...outcomeOf(event),
    idempotencyKey: event.idempotency.key,
    actor: event.actor,
    recordedAt: event.recordedAt,
    correlationId: event.correlationId,
  }),
}

/** The command that each type of event answers, where the type alone says it. */
const commandNames: Readonly<Record<Exclude<EventType, 'CommandRejected'>, string>> = {
  LedgerOpened: 'OpenLedger',
  LedgerChanged: 'ChangeLedger',
  AssetRegistered: 'RegisterAsset',
  AccountOpened: 'OpenAccount',
  AccountLimitsChanged: 'ChangeAccountLimits',
  MetadataSet: 'SetMetadata',
  AccountFrozen: 'FreezeAccount',
  AccountUnfrozen: 'UnfreezeAccount',
  AccountClosed: 'CloseAccount',
  AccountReopened: 'ReopenAccount',
  TransactionPosted: 'PostTransaction',
  HoldPlaced: 'PlaceHold',
  HoldCaptured: 'CaptureHold',
  HoldVoided: 'VoidHold',
  HoldExtended: 'ExtendHold',
  HoldExpired: 'ExpireHold',
}

/** Which events say which outcome. */
export const typesByOutcome: Readonly<Record<CommandDocument['outcome'], readonly string[]>> = {
  accepted: Object.keys(commandNames),
  rejected: ['CommandRejected'],
}

/** The command that an event answers. */
export function commandOf(event: RecordedEvent): string {
  if (event.type === 'CommandRejected') return event.data.command
  if (event.type === 'TransactionPosted' && event.data.kind !== 'transaction')
    return 'ReverseTransaction'
  return commandNames[event.type]
}

function outcomeOf(event: RecordedEvent): Pick<CommandDocument, 'outcome' | 'code' | 'detail'> {
  if (event.type !== 'CommandRejected') return { outcome: 'accepted' }
  return { outcome: 'rejected', code: event.data.code, detail: event.data.detail }
}
