import { atomicJob, batchTasks } from '#commands/handler/batch-tasks.ts'
import { type Task, taskOf } from '#commands/handler/job.ts'
import type {
  AcceptedOutcome,
  BatchOutcome,
  BatchRequest,
  CommandRequest,
  Outcome,
} from '#commands/handler/outcome.ts'
import type { Round } from '#commands/handler/round.ts'
import type { EventType } from '#events/ledger-event.ts'
import type { MalformedItem } from '#commands/parse-command.ts'
import { isJsonObject, type JsonObject } from '#values/json.ts'

// No client can use a key with a control character, so none of these was used before.
const dryKey = '\u0000dry-run'

/** What a command would come to; the round is taken back afterwards. */
export function rehearseCommand(round: Round, request: CommandRequest): Outcome {
  return withoutRecord(round.perform(taskOf(request.item, dryKey).task, request))
}

/** What a batch would come to. */
export function rehearseBatch(round: Round, request: BatchRequest): BatchOutcome {
  const keyless = request.items.map((item) => {
    if ('malformed' in item) return item
    const { key: _, ...rest } = item
    return rest
  })
  const dry = { ...request, key: dryKey, items: keyless }
  const batch = batchTasks(dry)
  if (request.mode === 'independent') return independently(round, request, batch.tasks)
  const outcome = round.performAll(atomicJob(dry, batch))
  if (outcome.kind === 'refused') return withoutRevision(outcome)
  const items = outcome.items.map((item) => ('malformed' in item ? item : withoutRecord(item)))
  return withoutRevision({ ...outcome, items })
}

function independently(
  round: Round,
  request: BatchRequest,
  tasks: readonly (Task | MalformedItem)[],
): BatchOutcome {
  const items = tasks.map((task) =>
    'malformed' in task ? task : withoutRecord(round.perform(task, request)),
  )
  return { kind: 'batch', mode: 'independent', items, replayed: false }
}

function withoutRecord(outcome: Outcome): Outcome {
  const { revision: _, ...rest } = outcome
  return rest.kind === 'accepted' ? { ...rest, data: wouldBe(rest) } : rest
}

function withoutRevision(outcome: BatchOutcome): BatchOutcome {
  const { revision: _, ...rest } = outcome
  return rest
}

/** What of a resource only recording gives it, by the event that makes or changes the resource. */
const givenByRecording: Readonly<Record<EventType, readonly string[]>> = {
  TransactionPosted: ['transactionId', 'recordedAt'],
  HoldPlaced: ['holdId', 'createdAt'],
  AccountOpened: ['createdAt'],
  LedgerOpened: ['createdAt', 'revision'],
  LedgerChanged: ['revision'],
  AssetRegistered: ['revision'],
  AccountLimitsChanged: [],
  MetadataSet: [],
  AccountFrozen: [],
  AccountUnfrozen: [],
  AccountClosed: [],
  AccountReopened: [],
  HoldCaptured: [],
  HoldVoided: [],
  HoldExtended: [],
  HoldExpired: [],
  CommandRejected: [],
}

function wouldBe({ event, data }: Pick<AcceptedOutcome, 'event' | 'data'>): JsonObject {
  if (event === 'HoldCaptured') return wouldBeCapture(data)
  return without(data, givenByRecording[event])
}

function wouldBeCapture(data: JsonObject): JsonObject {
  const { hold, transaction } = data
  return {
    hold: isJsonObject(hold)
      ? { ...hold, captures: Array.isArray(hold['captures']) ? hold['captures'].slice(0, -1) : [] }
      : {},
    transaction: isJsonObject(transaction)
      ? without(transaction, givenByRecording.TransactionPosted)
      : {},
  }
}

function without(data: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(data).filter(([name]) => !names.includes(name)))
}
