import type { ReadView } from '#ports/read-models.ts'
import type { ClosedDocument } from '#projections/documents.ts'
import { endOf, postingsIn } from '#projections/rollup-blocks.ts'
import { afterAllTimes } from '#queries/account-history.ts'
import {
  type Fill,
  isNothing,
  minus,
  nothing,
  plus,
  type PostedWhen,
  type Stretch,
  sumOf,
  sumOfStretch,
  type Sums,
  type Told,
  untold,
} from '#queries/entry-sums.ts'
import { sumsBefore } from '#queries/rollup-sums.ts'
import { toldBy } from '#queries/told-totals.ts'

/** Parts that lack nothing, and what counts of all that was posted beside them. */
export type WholeParts = { readonly whole: readonly ClosedDocument[]; readonly rest: Stretch }

type Parts = {
  /** They follow one another up to the revision asked about. */
  readonly parts: readonly ClosedDocument[]
  /** At the revision, or where the last entry by then is. */
  readonly told: Told
  /** Where the entries are short themselves. */
  readonly fill: Fill
}

/**
 * Leaves out the parts that lack what somebody had skipped: of their revisions the entries are added up instead. A part is
 * compared with the entry at its end; where the entries lack just that one, together with the parts after it.
 */
export async function wholeParts(
  view: ReadView,
  when: PostedWhen,
  { parts, told, fill }: Parts,
): Promise<WholeParts> {
  const ends = parts.map((part) => endBy(part, when))
  const end = ends.findLast((each) => each >= 0n) ?? -1n
  const isWhole = told.revision >= end && isSame(sumIn(parts, when), told.totals)
  if (isWhole) return { whole: parts, rest: { sums: nothing, told, isShort: false } }
  const rest = { sums: nothing, told: untold, isShort: false }
  let compared: Compared = { whole: [], open: [], rest }
  for (const [index, part] of parts.entries()) {
    const open = [...compared.open, part]
    const at = { ...when, revision: ends[index] ?? -1n }
    compared = await compare(view, at, { compared: { ...compared, open }, fill })
  }
  const isTold = compared.open.length === 0 && isSame(compared.rest.told.totals, told.totals)
  return isTold ? compared : addUp(view, when, { compared, fill })
}

/** `open` are parts at whose end there is no entry to compare with. */
type Compared = WholeParts & { readonly open: readonly ClosedDocument[] }

type Comparing = { readonly compared: Compared; readonly fill: Fill }

async function compare(view: ReadView, at: PostedWhen, comparing: Comparing): Promise<Compared> {
  const { compared } = comparing
  const { whole, open, rest } = compared
  const said = at.revision < 0n ? undefined : await toldBy(view, at)
  if (said?.revision !== at.revision) return compared
  if (!isSame(plus(rest.told.totals, sumIn(open, at)), said.totals))
    return addUp(view, at, comparing)
  return { whole: [...whole, ...open], open: [], rest: { ...rest, told: said } }
}

/** Adds up the entries of the open parts and after them. */
async function addUp(
  view: ReadView,
  at: PostedWhen,
  { compared: { whole, rest }, fill }: Comparing,
): Promise<Compared> {
  const more = await sumOfStretch(view, at, { since: rest.told, fill })
  const isShort = rest.isShort || more.isShort
  return { whole, open: [], rest: { ...more, isShort, sums: plus(rest.sums, more.sums) } }
}

function sumIn(parts: readonly ClosedDocument[], { revision }: PostedWhen): Sums {
  return sumOf(parts.map((part) => sumsBefore(part, { revision, before: afterAllTimes })))
}

/** The last of the part's revisions up to the one asked about; -1 where it has none. */
function endBy(part: ClosedDocument, { revision }: PostedWhen): bigint {
  if (part.kind === 'block') return BigInt(endOf(part))
  return postingsIn(part).findLast((line) => line.revision <= revision)?.revision ?? -1n
}

function isSame(one: Sums, other: Sums): boolean {
  return isNothing(minus(one, other))
}
