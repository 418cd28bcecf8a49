import { type Answered, ask } from '#http/ask.ts'
import { acceptable, type Exchange } from '#http/exchange.ts'
import { minRevision } from '#http/headers.ts'
import type { KeptAnswer, KeptAnswers } from '#http/kept-answers.ts'
import { answerRead } from '#http/large-answers.ts'
import type { Parts } from '#http/parts.ts'
import { pathIds, requirePossibleIds } from '#http/path-ids.ts'
import { type Asked, type Asking, questionIn } from '#http/question.ts'
import type { Act } from '#http/routes/commands.ts'
import type { CursorSigner } from '#security/cursor-signer.ts'
import type { LedgerId } from '#values/ids.ts'
import type { JsonObject } from '#values/json.ts'

export type QueryParts = {
  readonly parts: Parts
  readonly cursors: CursorSigner
  readonly kept: KeptAnswers
}

/** Answers one question out of the read models, or as before where these have not changed since. */
export function answerQuery({ parts, cursors, kept }: QueryParts, asking: Asking): Act {
  const { models: waitedFor, alsoReads = [] } = asking.query
  const models = [...waitedFor, ...alsoReads]
  const stampOf = async (ledgerId: LedgerId | undefined) =>
    parts.readModels.stamp?.(ledgerId, models)
  return async (exchange) => {
    const { request } = exchange
    acceptable(request, ['application/json'])
    const before = kept.of(request.url)
    const now = before && (await stampOf(before.ledgerId))
    if (before !== undefined && before.stamp === now && contains(before, minRevision(request)))
      return answerRead(parts, exchange, {
        text: before.text,
        headers: { revision: before.revision },
      })
    const asked = await askedIn(parts, exchange, () => questionIn(exchange, asking, cursors))
    const { ledgerId } = asked
    // Before the view is opened: what is committed in between makes the answer newer than its stamp, never older.
    const stamp = now ?? (kept.isAskedAgain(request.url) ? await stampOf(ledgerId) : undefined)
    const { answer, revision } = await ask(parts, asked)
    const text = JSON.stringify(bodyOf(answer, asked, cursors))
    if (stamp === undefined) kept.note(request.url, text)
    else kept.keep(request.url, { ledgerId, stamp, text, revision })
    answerRead(parts, exchange, { text, headers: { revision } })
  }
}

/** An answer across ledgers has no revision, and none is waited for. */
function contains({ revision }: KeptAnswer, minimum: bigint | undefined): boolean {
  return minimum === undefined || revision === undefined || minimum <= revision
}

/** The question, or a 404 for the id in the path that can't be one. */
export async function askedIn(
  parts: Parts,
  { request }: Exchange,
  read: () => Asked | undefined,
): Promise<Asked> {
  const asked = read()
  await requirePossibleIds(parts, pathIds(request))
  if (asked === undefined) throw new TypeError('a query refuses an id that its kind allows')
  return asked
}

export function answerPage(
  { parts, cursors }: Omit<QueryParts, 'kept'>,
  exchange: Exchange,
  { answer, revision, ...asked }: Answered & Asked,
): void {
  const text = JSON.stringify(bodyOf(answer, asked, cursors))
  answerRead(parts, exchange, { text, headers: { revision } })
}

function bodyOf(
  answer: Answered['answer'],
  { binding, page }: Asked,
  cursors: CursorSigner,
): JsonObject {
  if (answer.kind === 'one') return { data: answer.data }
  const next = answer.next === null ? null : cursors.seal(binding, answer.next)
  return { data: answer.data, page: { next, limit: page.limit } }
}
