import { Intake } from '#http/intake.ts'
import { ModelChanges } from '#http/model-changes.ts'
import { Room } from '#http/room.ts'
import type { CommandBus } from '#commands/handler/outcome.ts'
import type { Clock } from '#ports/clock.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'
import type { ReadModels } from '#ports/read-models.ts'
import type { Query } from '#queries/query.ts'
import type { LedgerId } from '#values/ids.ts'
import type { JsonObject } from '#values/json.ts'

/** The questions that have a route, and the two that serve the filters of the log. */
export type QueryName =
  | 'listLedgers'
  | 'getLedger'
  | 'listAccounts'
  | 'getAccount'
  | 'accountBalances'
  | 'accountEntries'
  | 'accountStatement'
  | 'listTransactions'
  | 'getTransaction'
  | 'listHolds'
  | 'getHold'
  | 'trialBalance'
  | 'listCommands'
  | 'accountEventRevisions'
  | 'eventRevisionsByType'

/** Parameters are `unknown` here: a query's own schema made them what it takes. */
export type Queries = Readonly<Record<QueryName, Query<unknown>>>

/** The log as this layer reads it. */
export type Log = Pick<EventStore, 'head' | 'readStream' | 'end'>

/** Rejects when a dependency cannot serve; `'refusing'` where it serves and yet takes nothing new. */
export type HealthCheck = () => Promise<unknown>

/** What the HTTP layer is put together from. */
export type AppParts = {
  readonly commandBus: CommandBus
  readonly readModels: ReadModels
  readonly queries: Queries
  readonly store: Log
  /** The stream of the log that holds a ledger. */
  readonly streamOf: (ledgerId: LedgerId) => string
  /** Every type of event that there can be. */
  readonly eventTypes: readonly string[]
  readonly projectionStatuses: () => Promise<readonly JsonObject[]>
  readonly cursorSecret: string
  readonly clock: Clock
} & HealthAppParts

/** What a process that serves no API says of itself. */
export type HealthAppParts = {
  /** By the name that `/health/ready` shows. */
  readonly healthChecks: Readonly<Record<string, HealthCheck>>
  /** Where this process is a relay. */
  readonly relayStatus?: (() => Promise<JsonObject>) | undefined
  readonly logger: Logger
  readonly limits?: Partial<HttpLimits>
}

/** Every bound of this layer on what one client can make it hold or wait for. */
export type HttpLimits = typeof defaultLimits

export const defaultLimits = {
  bodyBytesMax: 256 * 1024,
  batchBytesMax: 4 * 1024 * 1024,
  /** Bodies on their way in, all together. */
  bodiesBytesMax: 256 * 1024 * 1024,
  /** Large answers that their clients have not taken yet, all together. */
  answersBytesMax: 256 * 1024 * 1024,
  /** How long a read waits for its `Min-Revision`. */
  minRevisionWaitMs: 2_000,
  healthCheckMs: 2_000,
  /** Live logs open at a time. */
  streamsMax: 1_000,
  /** What may wait for one reader of the live log, and for how long; after that it is cut off. */
  streamBufferBytesMax: 1024 * 1024,
  streamBufferFullMs: 1_000,
  /** How long a reader that catches up at its own pace may take nothing. */
  streamStallMs: 10_000,
  /** The same for whom a statement is streamed to. */
  downloadStallMs: 60_000,
  streamCommentIntervalMs: 15_000,
  /** Answers that are kept until what they were made of changes: so many, and so much of all and of one. */
  keptAnswersMax: 20_000,
  keptBytesMax: 32 * 1024 * 1024,
  keptAnswerBytesMax: 256 * 1024,
  /** Targets asked for once that are remembered: an answer is kept from the second time on. */
  askedOnceMax: 10_000,
}

/** The parts with every limit decided. */
export type Parts = AppParts & {
  readonly limits: HttpLimits
  readonly intake: Intake
  readonly changes: ModelChanges
  readonly answers: Room
}

export function partsOf(given: AppParts): Parts {
  const limits = { ...defaultLimits, ...given.limits }
  const hasRoom = (bytes: number) => given.commandBus.hasRoom(bytes)
  const intake = new Intake({ bytesMax: limits.bodiesBytesMax, hasRoom })
  const changes = new ModelChanges(given.readModels, given.clock)
  return { ...given, limits, intake, changes, answers: new Room(limits.answersBytesMax) }
}

export type HealthParts = HealthAppParts & { readonly limits: HttpLimits }
