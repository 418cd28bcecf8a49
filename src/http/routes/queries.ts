import { type Answered, ask } from '#http/ask.ts'
import { acceptable, answerJson, type Exchange } from '#http/exchange.ts'
import type { Parts } from '#http/parts.ts'
import { pathIds, requirePossibleIds } from '#http/path-ids.ts'
import { type Asked, type Asking, questionIn } from '#http/question.ts'
import type { Act } from '#http/routes/commands.ts'
import type { CursorSigner } from '#security/cursor-signer.ts'

/** Answers one question out of the read models. */
export function answerQuery(parts: Parts, asking: Asking, cursors: CursorSigner): Act {
  return async (exchange) => {
    acceptable(exchange.request, ['application/json'])
    const asked = await askedIn(parts, exchange, () => questionIn(exchange, asking, cursors))
    answerPage(exchange, asked, { answered: await ask(parts, asked), cursors })
  }
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
  exchange: Exchange,
  { binding, page }: Asked,
  { answered, cursors }: { readonly answered: Answered; readonly cursors: CursorSigner },
): void {
  const { answer, revision } = answered
  const headers = { revision }
  if (answer.kind === 'one')
    return answerJson(exchange, 200, { body: { data: answer.data }, headers })
  const next = answer.next === null ? null : cursors.seal(binding, answer.next)
  const body = { data: answer.data, page: { next, limit: page.limit } }
  return answerJson(exchange, 200, { body, headers })
}
