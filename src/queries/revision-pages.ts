import type { Condition } from '#ports/read-models.ts'
import type { Answer, Moment } from '#queries/query.ts'
import type { RevisionId } from '#values/ids.ts'

/** What a list of revisions begins after: the one that its keyset names. */
export function revisionsAfter({ page }: Moment): readonly Condition[] {
  const [revision] = page.after ?? []
  if (revision === undefined) return []
  return [{ field: 'revision', from: (BigInt(revision) + 1n).toString() }]
}

/** A page of ascending revisions, out of more than it shows where another follows. */
export function pageOfRevisions(revisions: readonly RevisionId[], limit: number): Answer {
  const data = revisions.slice(0, limit)
  const last = data.at(-1)
  const more = revisions.length > limit && last !== undefined
  return { kind: 'page', data, next: more ? [last] : null }
}
