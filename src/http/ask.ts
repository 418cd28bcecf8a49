import type { Parts } from '#http/parts.ts'
import { requireLedger } from '#http/path-ids.ts'
import { type RequestRefused, refused, retryAfter } from '#http/problems.ts'
import { waitFor } from '#http/waiting.ts'
import {
  type Checkpoint,
  type ReadModelShape,
  type ReadModels,
  type ReadView,
  versionsOf,
} from '#ports/read-models.ts'
import { inView } from '#queries/in-view.ts'
import type { Answer, Moment, Query } from '#queries/query.ts'
import type { LedgerId } from '#values/ids.ts'

/** A question put to the read models. Without a `ledgerId` it is about all ledgers, and no revision is waited for. */
export type Question = {
  readonly query: Query<unknown>
  readonly parameters: unknown
  readonly ledgerId?: LedgerId | undefined
  readonly minRevision?: bigint | undefined
  readonly page: Moment['page']
}

/** An answer and the revision that it contains at least; -1 where nothing of the ledger was applied. */
export type Answered = {
  readonly answer: Exclude<Answer, { kind: 'refused' }>
  readonly revision?: bigint
}

/**
 * Answers out of one view, once it contains what was asked for.
 * @throws {RequestRefused} for a refusal of the query, `parked`, `projection-behind` and an unknown ledger.
 */
export async function ask(parts: Parts, question: Question): Promise<Answered> {
  const { ledgerId, minRevision } = question
  if (ledgerId === undefined) return askAcrossLedgers(parts, question)
  let applied = -1n
  const attempt = () =>
    inView(parts.readModels, ledgerId, async (view) => {
      applied = await appliedOf(view, question.query.models)
      if (applied < (minRevision ?? 0n)) return undefined
      const { query, parameters, page } = question
      const answer = await query.answer({ view, ledgerId, revision: applied, page }, parameters)
      if (answer.kind === 'refused' && answer.code === 'projection-behind')
        throw projectionBehind(applied, {
          asked: answer.asked,
          head: await requireLedger(parts, ledgerId),
        })
      return { answer: granted(answer, applied), revision: applied }
    })
  const first = await attempt()
  if (first !== undefined) return first
  await requireLedger(parts, ledgerId)
  const waitMs = minRevision === undefined ? 0 : parts.limits.minRevisionWaitMs
  const { clock, changes } = parts
  const answered = await waitFor(attempt, { clock, waitMs, changes })
  if (answered !== undefined) return answered
  throw projectionBehind(applied, {
    asked: minRevision,
    head: await requireLedger(parts, ledgerId),
  })
}

async function askAcrossLedgers(parts: Parts, question: Question): Promise<Answered> {
  const { query, parameters, page } = question
  await requireServing(parts, query.models)
  const answer = await inView(parts.readModels, undefined, (view) =>
    query.answer({ view, page }, parameters),
  )
  return { answer: granted(answer) }
}

/**
 * A model of which nothing serves would be read as if it were empty. Asked before the view is opened, which then shows
 * what has come to serve in between.
 * @throws {RequestRefused} `projection-behind`, unless the log is empty, too.
 */
async function requireServing(
  { readModels, store }: Pick<Parts, 'readModels' | 'store'>,
  models: readonly ReadModelShape[],
): Promise<void> {
  const serving = await Promise.all(models.map((model) => isServing(readModels, model)))
  if (serving.includes(false) && (await store.end()) !== undefined) throw projectionBehind(-1n)
}

/** Whether queries read anything of the model, be it of a version before. */
async function isServing(
  readModels: Pick<ReadModels, 'builds'>,
  model: ReadModelShape,
): Promise<boolean> {
  for (const version of versionsOf(model)) {
    const builds = await readModels.builds(version)
    if (builds.some(({ state }) => state === 'serving')) return true
  }
  return false
}

/**
 * The smallest revision that any of the models had applied before a document was read; -1 for nothing.
 * @throws {RequestRefused} `parked` where one of them stands still.
 */
async function appliedOf(view: ReadView, models: readonly ReadModelShape[]): Promise<bigint> {
  const checkpoints = await Promise.all(models.map((model) => view.checkpoint(model)))
  for (const [index, checkpoint] of checkpoints.entries()) {
    const parked = checkpoint?.parked
    if (parked !== undefined) throw parkedAt(models[index]?.name ?? '', parked)
  }
  return checkpoints
    .map((checkpoint) => checkpoint?.revision ?? -1n)
    .reduce((least, revision) => (revision < least ? revision : least))
}

/** A refusal carries the revision it was answered at, as every answer about a ledger does. */
function granted(answer: Answer, revision?: bigint): Exclude<Answer, { kind: 'refused' }> {
  if (answer.kind !== 'refused') return answer
  const { code, detail, context = {} } = answer
  const headers = {
    ...(code === 'projection-behind' && retryAfter(1)),
    ...(revision !== undefined && { 'ledger-revision': revision.toString() }),
  }
  throw refused(code, detail, { context, headers })
}

/** Where nothing is asked for, any revision; without a `head` it is about all ledgers. */
type Wanted = { readonly asked?: bigint | undefined; readonly head?: bigint }

export function projectionBehind(applied: bigint, { asked, head }: Wanted = {}): RequestRefused {
  const isStored = asked === undefined || head === undefined || asked <= head
  const detail = isStored
    ? 'stored, not yet visible: ask again in a moment'
    : `revision ${asked} is not stored yet: the last one is ${head}`
  return refused('projection-behind', detail, {
    context: {
      applied: applied < 0n ? null : applied.toString(),
      ...(head !== undefined && { head: head.toString() }),
    },
    headers: retryAfter(1),
  })
}

function parkedAt(
  model: string,
  { revision, reason }: NonNullable<Checkpoint['parked']>,
): RequestRefused {
  return refused('parked', `the read model ${model} stands still at an event it cannot take in`, {
    context: { model, revision: revision.toString(), reason },
    headers: retryAfter(60),
  })
}
