import type { z } from 'zod'
import type { ReadModelShape, ReadView } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'
import type { Json, JsonObject } from '#values/json.ts'

/**
 * One question, answered from read models and nothing else: of the same documents and parameters comes the same answer,
 * which may be kept. `models` are those it reads: `Min-Revision` waits for all of them, and the answer's revision is the
 * smallest of theirs.
 */
export type Query<Parameters> = {
  readonly name: string
  readonly models: readonly ReadModelShape[]
  /** What else it reads, for speed alone: nobody waits for these, and what they lack is found elsewhere. */
  readonly alsoReads?: readonly ReadModelShape[]
  /** The path's ids and the query string, one string each (never `cursor` and `limit`). Strict: unknown members fail. */
  readonly parameters: z.ZodType<Parameters>
  /** Lists only: the page sizes. */
  readonly paging?: { readonly limitDefault: number; readonly limitMax: number }
  answer(moment: Moment, parameters: Parameters): Promise<Answer>
}

/** What an answer is made from: one consistent view, of one ledger where the path names one. */
export type Moment = {
  readonly view: ReadView
  /** Absent for questions across ledgers. */
  readonly ledgerId?: LedgerId
  /** The smallest revision that any of the query's models had applied; absent across ledgers. */
  readonly revision?: bigint
  /** Lists only. `after` is what an earlier answer gave as `next`, verified to belong to this filter. */
  readonly page: { readonly limit: number; readonly after?: readonly string[] }
}

/** What came of a question. `next` is the keyset of the following page, null on the last one. */
export type Answer =
  | { readonly kind: 'one'; readonly data: Json }
  | { readonly kind: 'page'; readonly data: Json; readonly next: readonly string[] | null }
  | QueryRefusal

export type QueryRefusal = {
  readonly kind: 'refused'
  readonly code: QueryRefusalCode
  readonly detail: string
  /** The revision that is not there yet, of `projection-behind`. */
  readonly asked?: bigint
  readonly context?: JsonObject
}

export type QueryRefusalCode =
  | 'ledger-not-found'
  | 'account-not-found'
  | 'transaction-not-found'
  | 'hold-not-found'
  | 'asset-unknown'
  | 'invalid-cursor'
  /** Asked about a revision that the models have not applied yet. `context.applied` is what they have. */
  | 'projection-behind'
