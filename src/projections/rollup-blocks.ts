import { assertBooks } from '#projections/books.ts'
import type { BlockDocument, ClosedDocument, RunDocument } from '#projections/documents.ts'
import type { RevisionId } from '#values/ids.ts'

/** How long a timestamp is. */
export const wholeWidth = 24

export type Sums = { readonly debits: bigint; readonly credits: bigint }

/** One line of a run. */
export type RolledPosting = Sums & { readonly revision: bigint; readonly effectiveAt: string }

/** One block out of its parts, which follow one another. At most `sumsMax` sums, of times as long as these allow. */
export function rolledUp(parts: readonly ClosedDocument[], sumsMax: number): BlockDocument {
  const [first] = parts
  assertBooks(first !== undefined, 'a block has parts')
  const narrowest = Math.min(...parts.map(widthOf))
  const moves = movesByTime(parts, narrowest)
  const times = [...moves.keys()].toSorted()
  const width = Math.min(narrowest, widthFor(times, sumsMax))
  const sums: string[] = []
  let [debits, credits] = [0n, 0n]
  for (const [at, time] of times.entries()) {
    const move = moves.get(time)
    debits += move?.debits ?? 0n
    credits += move?.credits ?? 0n
    const prefix = time.slice(0, width)
    if (times[at + 1]?.slice(0, width) !== prefix) sums.push(`${prefix} ${debits} ${credits}`)
  }
  const { asset, accountId, type } = first
  const ends = parts.map(endOf)
  return { kind: 'block', asset, accountId, type, first: firstOf(first), ends, width, sums }
}

/** What all parts together moved, by the first `width` characters of its time. */
function movesByTime(parts: readonly ClosedDocument[], width: number): ReadonlyMap<string, Sums> {
  const moves = new Map<string, { debits: bigint; credits: bigint }>()
  const add: Add = (time, debits, credits) => {
    const prefix = time.slice(0, width)
    const known = moves.get(prefix)
    if (known === undefined) moves.set(prefix, { debits, credits })
    else {
      known.debits += debits
      known.credits += credits
    }
  }
  for (const part of parts) {
    if (part.kind === 'run') eachOfRun(part, add)
    else eachOfBlock(part, add)
  }
  return moves
}

/** What the lines of a run say. */
export function postingsIn({ postings }: Pick<RunDocument, 'postings'>): readonly RolledPosting[] {
  return postings
    .split(';')
    .slice(0, -1)
    .map((line) => {
      const [revision = '', effectiveAt = '', debits = '', credits = ''] = line.split(' ')
      return {
        revision: BigInt(revision),
        effectiveAt,
        debits: BigInt(debits),
        credits: BigInt(credits),
      }
    })
}

/** What the line of a block says. */
export function sumIn(line: string): Sums & { readonly time: string } {
  const [time = '', debits = '', credits = ''] = line.split(' ')
  return { time, debits: BigInt(debits), credits: BigInt(credits) }
}

/** Revision of the last posting. */
export function endOf(document: ClosedDocument): RevisionId {
  const end = document.kind === 'run' ? lastRevisionOf(document) : document.ends.at(-1)
  assertBooks(end !== undefined, 'what is closed has postings')
  return end
}

function firstOf(document: ClosedDocument): RevisionId {
  return document.kind === 'run' ? revisionOf(document.postings) : document.first
}

function lastRevisionOf({ postings }: RunDocument): RevisionId {
  return revisionOf(postings.slice(postings.lastIndexOf(';', postings.length - 2) + 1))
}

function revisionOf(line: string): RevisionId {
  return line.slice(0, line.indexOf(' '))
}

function widthOf(document: ClosedDocument): number {
  return document.kind === 'run' ? wholeWidth : document.width
}

/** Is told what was posted at one time. Written out below: every posting of every account comes by there. */
type Add = (time: string, debits: bigint, credits: bigint) => void

/** A run may name one time several times. */
function eachOfRun({ postings }: RunDocument, add: Add): void {
  let at = 0
  while (at < postings.length) {
    const end = postings.indexOf(';', at)
    const time = postings.indexOf(' ', at) + 1
    const debits = time + wholeWidth + 1
    const credits = postings.indexOf(' ', debits) + 1
    add(
      postings.slice(time, time + wholeWidth),
      BigInt(postings.slice(debits, credits - 1)),
      BigInt(postings.slice(credits, end)),
    )
    at = end + 1
  }
}

function eachOfBlock({ sums }: BlockDocument, add: Add): void {
  let before: Sums = { debits: 0n, credits: 0n }
  for (const line of sums) {
    const { time, debits, credits } = sumIn(line)
    add(time, debits - before.debits, credits - before.credits)
    before = { debits, credits }
  }
}

/** The longest width at which that many sorted times have at most `max` different beginnings. */
function widthFor(times: readonly string[], max: number): number {
  const partingAt = Array.from({ length: wholeWidth + 1 }, () => 0)
  for (const [at, time] of times.slice(1).entries()) {
    const shared = sharedBy(time, times[at] ?? '')
    partingAt[shared] = (partingAt[shared] ?? 0) + 1
  }
  let [width, different] = [0, 1]
  while (width < wholeWidth) {
    different += partingAt[width] ?? 0
    if (different > max) return width
    width += 1
  }
  return wholeWidth
}

/** How many characters the two begin with in common. */
function sharedBy(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length += 1
  return length
}
