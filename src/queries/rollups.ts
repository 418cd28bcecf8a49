import type { ReadView } from '#ports/read-models.ts'
import type { AccountTotals, BlockDocument, ClosedDocument } from '#projections/documents.ts'
import { endOf } from '#projections/rollup-blocks.ts'
import { accountKey, beforeClosed, closedId, isClosed } from '#projections/rollup-runs.ts'
import type { TrialBalances } from '#projections/trial-balances.ts'
import { findIn } from '#queries/reading.ts'

/** An account's document, as old or new as it may be, and the model that it is of. */
export type Rolled = { readonly model: TrialBalances; readonly account: AccountTotals }

/**
 * The fewest closed documents that hold all that was posted to the account by the revision and is not in its open run:
 * blocks from the highest level down, then runs; the last one may be the run in which the revision lies, and go on beyond
 * it. Also right where documents are ahead of the view: what is closed stays as it is.
 */
export async function closedUpTo(
  view: ReadView,
  { revision }: { readonly revision: bigint },
  { model, account }: Rolled,
): Promise<readonly ClosedDocument[]> {
  const taken: ClosedDocument[] = []
  let reach = highest(account, model)
  while (reach.level >= 0) {
    const parts = await readClosed(view, { model, account }, reach)
    const whole = parts.filter((part) => BigInt(endOf(part)) <= revision)
    taken.push(...whole)
    const next = parts[whole.length]
    if (next?.kind === 'run') return [...taken, next]
    reach =
      next === undefined
        ? below(account, model, reach)
        : within(next, model, { ...reach, whole: whole.length, revision })
  }
  return taken
}

/** Neighbours of one level: `count` of them from number `first` on. */
type Reach = { readonly level: number; readonly first: number; readonly count: number }

/** All of the highest level that there are. Level -1: nothing is closed. */
function highest({ runs }: AccountTotals, { sizes: { partsOfBlock } }: TrialBalances): Reach {
  if (runs === 0) return { level: -1, first: 0, count: 0 }
  let [level, count] = [0, runs]
  while (count >= partsOfBlock) {
    level += 1
    count = Math.floor(count / partsOfBlock)
  }
  return { level, first: 0, count }
}

/** What the level below has after the last block of this one. */
function below(
  { runs }: AccountTotals,
  { sizes: { partsOfBlock } }: TrialBalances,
  { level, first, count }: Reach,
): Reach {
  const from = (first + count) * partsOfBlock
  const all = level === 0 ? 0 : Math.floor(runs / partsOfBlock ** (level - 1))
  return { level: level - 1, first: from, count: all - from }
}

/** The parts of the block in which the revision lies, up to the one in which it does. */
function within(
  { ends }: BlockDocument,
  { sizes: { partsOfBlock } }: TrialBalances,
  { level, first, whole, revision }: Reach & { readonly whole: number; readonly revision: bigint },
): Reach {
  const parts = ends.filter((end) => BigInt(end) <= revision).length
  return { level: level - 1, first: (first + whole) * partsOfBlock, count: parts + 1 }
}

/** So many of one level, from number `first` on. */
export async function readClosed(
  view: ReadView,
  { model, account }: Rolled,
  { level, first, count }: Reach,
): Promise<readonly ClosedDocument[]> {
  if (count === 0) return []
  const key = accountKey(account)
  const after = first === 0 ? beforeClosed(key, level) : closedId(key, level, first - 1)
  const all = { where: [], orderBy: [], evenAhead: true } as const
  const found = await findIn(view, model, { ...all, after: [after], limit: count })
  if (found.length < count || found.at(-1)?.id !== closedId(key, level, first + count - 1))
    throw new Error(`${count} documents of level ${level} are not there after ${after}`)
  return found.map(({ document }) => document).filter(isClosed)
}
