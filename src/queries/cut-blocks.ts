import type { ReadView } from '#ports/read-models.ts'
import type { BlockDocument } from '#projections/documents.ts'
import { endOf } from '#projections/rollup-blocks.ts'
import {
  type Fill,
  isNothing,
  minus,
  nothing,
  plus,
  type PostedWhen,
  postingsFrom,
  sumOfStretch,
  type Sums,
  sumsOf,
} from '#queries/entry-sums.ts'
import { sumsBefore, sumsOfCut } from '#queries/rollup-sums.ts'
import { toldAt } from '#queries/told-totals.ts'

type Cut = { readonly cut: readonly BlockDocument[]; readonly fill: Fill }

/** A block, its time that the bound cuts, and what the entries have of it: before the bound, and in all. */
type Part = {
  readonly block: BlockDocument
  readonly from: string
  readonly first: bigint
  readonly end: bigint
  counting: Sums
  all: Sums
}

/**
 * What the blocks hold before the bound of the time that it cuts: the longest of these times is read once for all, and
 * whole. What the entries have of it has to add up to what the block has; where they lack some, all of its revisions are
 * added up, with what the runs have of them.
 */
export async function sumsWithin(
  view: ReadView,
  when: PostedWhen,
  { cut, fill }: Cut,
): Promise<Sums> {
  let sums = nothing
  for (const { block, first, end, counting, all } of await partsOf(view, when, cut)) {
    if (isNothing(minus(sumsOfCut(block, when.before), all))) sums = plus(sums, counting)
    else {
      const since = await toldAt(view, { ...when, revision: first - 1n }, fill)
      const stretch = await sumOfStretch(view, { ...when, revision: end }, { since, fill })
      sums = plus(sums, minus(stretch.sums, sumsBefore(block, when)))
    }
  }
  return sums
}

async function partsOf(
  view: ReadView,
  when: PostedWhen,
  cut: readonly BlockDocument[],
): Promise<readonly Part[]> {
  const parts = cut.map((block): Part => {
    const [from, first, end] = [when.before.slice(0, block.width), block.first, endOf(block)]
    const read = { first: BigInt(first), end: BigInt(end), counting: nothing, all: nothing }
    return { block, from, ...read }
  })
  const last = parts.at(-1)
  if (last === undefined) return parts
  const from = when.before.slice(0, Math.min(...parts.map(({ block }) => block.width)))
  const longest = { ...when, before: `${from}~`, revision: last.end }
  for await (const page of postingsFrom(view, longest, from))
    for (const { revision, document } of page) {
      if (document.kind !== 'posting') continue
      const part = parts.find(({ first, end }) => first <= revision && revision <= end)
      if (part === undefined || !document.effectiveAt.startsWith(part.from)) continue
      part.all = plus(part.all, sumsOf(document))
      if (document.effectiveAt < when.before) part.counting = plus(part.counting, sumsOf(document))
    }
  return parts
}
