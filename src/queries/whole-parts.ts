import type { ReadView } from '#ports/read-models.ts'
import type { ClosedDocument } from '#projections/documents.ts'
import { endOf } from '#projections/rollup-blocks.ts'
import {
  nothing,
  plus,
  postedAt,
  type PostedWhen,
  type Sums,
  sumOfRevisions,
} from '#queries/entry-sums.ts'
import { sumsBefore } from '#queries/rollup-sums.ts'

/** Parts that lack nothing, and what counts of all that was posted beside them. */
type WholeParts = { readonly whole: readonly ClosedDocument[]; readonly rest: Sums }

/**
 * Leaves out the parts that lack what somebody had skipped: of their revisions the entries are added up instead. The parts
 * follow one another up to the revision; `posted` is all that was posted by it, as the last event said, skips or not.
 */
export async function wholeParts(
  view: ReadView,
  when: PostedWhen,
  { parts, posted }: { readonly parts: readonly ClosedDocument[]; readonly posted: Sums },
): Promise<WholeParts> {
  const rolled = parts.map((part) => allIn(part, when)).reduce(plus, nothing)
  if (!isShort(rolled, posted)) return { whole: parts, rest: nothing }
  const whole: ClosedDocument[] = []
  let [rest, known, after] = [nothing, nothing, -1n]
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1
    const upTo = { ...when, revision: isLast ? when.revision : endBy(part, when) }
    const said = await postedAt(view, upTo)
    known = plus(known, allIn(part, when))
    if (isShort(known, said)) {
      rest = plus(rest, (await sumOfRevisions(view, upTo, after)) ?? nothing)
      known = most(known, said)
    } else whole.push(part)
    after = upTo.revision
  }
  return { whole, rest }
}

const afterAllTimes = '~'

function allIn(part: ClosedDocument, { revision }: PostedWhen): Sums {
  return sumsBefore(part, { revision, before: afterAllTimes })
}

function endBy(part: ClosedDocument, { revision }: PostedWhen): bigint {
  const end = BigInt(endOf(part))
  return end < revision ? end : revision
}

/** Totals only grow, and entries may lack some themselves: more than they say is no fault. */
function isShort(rolled: Sums, said: Sums): boolean {
  return rolled.debits < said.debits || rolled.credits < said.credits
}

function most(one: Sums, other: Sums): Sums {
  return {
    debits: one.debits > other.debits ? one.debits : other.debits,
    credits: one.credits > other.credits ? one.credits : other.credits,
  }
}
