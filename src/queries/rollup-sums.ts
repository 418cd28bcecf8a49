import type { BlockDocument, ClosedDocument } from '#projections/documents.ts'
import { postingsIn, sumIn, wholeWidth } from '#projections/rollup-blocks.ts'
import { minus, nothing, type PostedWhen, plus, type Sums } from '#queries/entry-sums.ts'

/** Of a run what counts, of a block what counts for certain. */
export function sumsBefore(
  document: ClosedDocument,
  { revision, before }: Pick<PostedWhen, 'revision' | 'before'>,
): Sums {
  if (document.kind === 'run') {
    return postingsIn(document)
      .filter((posting) => posting.revision <= revision && posting.effectiveAt < before)
      .reduce<Sums>(plus, nothing)
  }
  const line = document.sums[countBefore(document, before) - 1]
  return line === undefined ? nothing : sumIn(line)
}

/** Whether the bound may fall within one of a block's times. */
export function isCut(block: BlockDocument, before: string): boolean {
  if (block.width >= wholeWidth) return false
  const next = block.sums[countBefore(block, before)]
  return next !== undefined && before.startsWith(timeIn(next))
}

/** What a block has of the time that the bound cuts, on both sides of it. */
export function sumsOfCut(block: BlockDocument, before: string): Sums {
  const at = countBefore(block, before)
  const [last, line] = [block.sums[at - 1], block.sums[at]]
  return minus(
    line === undefined ? nothing : sumIn(line),
    last === undefined ? nothing : sumIn(last),
  )
}

/** How many of a block's times are over before the bound. */
function countBefore({ width, sums }: BlockDocument, before: string): number {
  const bound = width < wholeWidth ? before.slice(0, width) : before
  let [low, high] = [0, sums.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (timeIn(sums[middle]) < bound) low = middle + 1
    else high = middle
  }
  return low
}

function timeIn(line = ''): string {
  return line.slice(0, Math.max(0, line.indexOf(' ')))
}
