import type { ReadView } from '#ports/read-models.ts'
import { postingsIn, type RolledPosting } from '#projections/rollup-blocks.ts'
import { readClosed, type Rolled } from '#queries/rollups.ts'

/** Revisions between two others, neither of which belongs to it. */
export type Gap = { readonly after: bigint; readonly before: bigint }

/** What the model has added up of the account there, in order of revisions: for gaps of the entries, which are short. */
export async function postingsBetween(
  view: ReadView,
  rolled: Rolled,
  gap: Gap,
): Promise<readonly RolledPosting[]> {
  const isIn = ({ revision }: RolledPosting) => gap.after < revision && revision < gap.before
  const open = postingsIn(rolled.account)
  const [first] = open
  const begins = first !== undefined && first.revision <= gap.after + 1n
  const found: RolledPosting[] = []
  const { runs } = rolled.account
  for (let at = begins ? runs : await firstBeyond(view, rolled, gap.after); at < runs; at += 1) {
    const run = await readRun(view, rolled, at)
    found.push(...run.filter(isIn))
    if ((run.at(-1)?.revision ?? -1n) + 1n >= gap.before) return found
  }
  return [...found, ...open.filter(isIn)]
}

/** The number of the first closed run that ends beyond the revision, found by halving. */
async function firstBeyond(view: ReadView, rolled: Rolled, revision: bigint): Promise<number> {
  let [low, high] = [0, rolled.account.runs]
  while (low < high) {
    const middle = (low + high) >>> 1
    const run = await readRun(view, rolled, middle)
    if ((run.at(-1)?.revision ?? -1n) <= revision) low = middle + 1
    else high = middle
  }
  return low
}

async function readRun(
  view: ReadView,
  rolled: Rolled,
  first: number,
): Promise<readonly RolledPosting[]> {
  const [run] = await readClosed(view, rolled, { level: 0, first, count: 1 })
  return run?.kind === 'run' ? postingsIn(run) : []
}
