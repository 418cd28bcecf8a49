import { atomicJob, batchTasks } from '#commands/handler/batch-tasks.ts'
import type { Load } from '#commands/handler/command-room.ts'
import { type Task, taskOf } from '#commands/handler/job.ts'
import type {
  AcceptedOutcome,
  BatchOutcome,
  BatchRequest,
  CommandRequest,
  Outcome,
} from '#commands/handler/outcome.ts'
import type { Slices } from '#commands/handler/slices.ts'
import type { Round } from '#commands/handler/round.ts'
import type { EventType } from '#events/ledger-event.ts'
import type { MalformedItem } from '#commands/parse-command.ts'
import type { Ledger } from '#ledger/ledger.ts'
import { isJsonObject, type Json, type JsonObject } from '#values/json.ts'

// No client can use a key with a control character, so none of these was used before.
const dryKey = '\u0000dry-run'

/** What a dry run costs to keep waiting, asks for, and comes to. */
export type DryRunOf<Kind> = {
  readonly load: Load
  /** Revisions of the earlier events that it will ask for. */
  readonly looksAt: readonly bigint[]
  readonly decide: (round: Round, ledger: Ledger, slices: Slices) => Kind | Promise<Kind>
}

/** What a command would come to; the round is taken back afterwards. */
export function rehearseCommand(round: Round, request: CommandRequest): Outcome {
  const { head } = round
  const outcome = round.perform(taskOf(request.item, dryKey).task, request)
  return new WithoutRecord(head).of(outcome)
}

/** What a batch would come to. */
export async function rehearseBatch(
  round: Round,
  request: BatchRequest,
  slices: Slices,
): Promise<BatchOutcome> {
  const keyless = request.items.map((item) => {
    if ('malformed' in item) return item
    const { key: _, ...rest } = item
    return rest
  })
  const dry = { ...request, key: dryKey, items: keyless }
  const batch = batchTasks(dry)
  const { head } = round
  const outcome =
    request.mode === 'independent'
      ? await independently({ round, slices }, request, batch.tasks)
      : round.performAll(atomicJob(dry, batch))
  if (outcome.kind === 'refused') return withoutRevision(outcome)
  const unrecorded = new WithoutRecord(head)
  const items = outcome.items.map((item) => ('malformed' in item ? item : unrecorded.of(item)))
  return withoutRevision({ ...outcome, items })
}

async function independently(
  { round, slices }: { readonly round: Round; readonly slices: Slices },
  request: BatchRequest,
  tasks: readonly (Task | MalformedItem)[],
): Promise<BatchOutcome & { readonly kind: 'batch' }> {
  const items: (Outcome | MalformedItem)[] = []
  for (const task of tasks) {
    items.push('malformed' in task ? task : round.perform(task, request))
    if (slices.isOver) await slices.next()
  }
  return { kind: 'batch', mode: 'independent', items, replayed: false }
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

/** Takes from outcomes that were decided on a head what only recording gives them. */
class WithoutRecord {
  readonly #head: bigint
  /** Ids of what one of them has made, which has no time yet. */
  readonly #madeAccounts = new Set<Json | undefined>()
  readonly #madeHolds = new Set<Json | undefined>()

  constructor(head: bigint) {
    this.#head = head
  }

  of(outcome: Outcome): Outcome {
    if (outcome.kind === 'accepted') return this.#accepted(outcome)
    const { revision: _, ...rest } = outcome
    return rest
  }

  /** Large resources are made when they are asked for, here as well. */
  #accepted(outcome: AcceptedOutcome): AcceptedOutcome {
    const { kind, event, replayed } = outcome
    if (event === 'AccountOpened') this.#madeAccounts.add(outcome.data['accountId'])
    if (event === 'HoldPlaced') this.#madeHolds.add(outcome.data['holdId'])
    const data = () => this.#data(event, outcome.data)
    return {
      kind,
      event,
      get data() {
        return data()
      },
      replayed,
    }
  }

  #data(event: EventType, data: JsonObject): JsonObject {
    if (event === 'HoldCaptured') return this.#capture(data)
    if (Array.isArray(data['captures'])) return without(this.#hold(data), givenByRecording[event])
    const isMade = this.#madeAccounts.has(data['accountId'])
    return without(data, isMade ? givenByRecording.AccountOpened : givenByRecording[event])
  }

  #capture({ hold, transaction }: JsonObject): JsonObject {
    return {
      hold: isJsonObject(hold) ? this.#hold(hold) : {},
      transaction: isJsonObject(transaction)
        ? without(transaction, givenByRecording.TransactionPosted)
        : {},
    }
  }

  #hold(hold: JsonObject): JsonObject {
    const captures = Array.isArray(hold['captures']) ? hold['captures'] : []
    const recorded = captures.filter((id) => BigInt(String(id)) <= this.#head)
    const names = this.#madeHolds.has(hold['holdId']) ? givenByRecording.HoldPlaced : []
    return without({ ...hold, captures: recorded }, names)
  }
}

function without(data: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(data).filter(([name]) => !names.includes(name)))
}
