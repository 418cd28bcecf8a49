import type { Find, ReadModels } from '#ports/read-models.ts'
import { holds } from '#projections/holds.ts'
import { inView } from '#queries/in-view.ts'
import { findIn } from '#queries/reading.ts'
import type { LedgerId, RevisionId } from '#values/ids.ts'
import type { Timestamp } from '#values/timestamps.ts'

/** An open hold whose time is over. */
export type DueHold = {
  readonly ledgerId: LedgerId
  readonly holdId: RevisionId
  readonly expiresAt: Timestamp
}

/**
 * The open holds of all ledgers that were due by `now`, longest due first, `limit` at most, from after one of them. As
 * far as the model knows, also of one whose document is damaged: the books decide.
 */
export async function dueHolds(
  readModels: ReadModels,
  now: Timestamp,
  { limit, after }: { readonly limit: number; readonly after?: DueHold },
): Promise<readonly DueHold[]> {
  const find: Find = {
    where: [
      { field: 'status', is: 'open' },
      { field: 'expiresAt', upTo: now },
    ],
    orderBy: ['expiresAt'],
    limit,
    ...(after && { after: [after.expiresAt, after.holdId, after.ledgerId] }),
  }
  const found = await inView(readModels, undefined, (view) => findIn(view, holds, find))
  return found.flatMap(({ ledgerId, id: holdId, document: { expiresAt } }) =>
    ledgerId === undefined || expiresAt === undefined ? [] : [{ ledgerId, holdId, expiresAt }],
  )
}
