import type {
  AccountTotals,
  ClosedDocument,
  RunDocument,
  TrialBalanceDocument,
} from '#projections/documents.ts'
import type { Closing } from '#projections/projection.ts'
import { rolledUp } from '#projections/rollup-blocks.ts'
import type { Asset } from '#values/assets.ts'
import type { AccountId } from '#values/ids.ts'

/** How much is added up in one document. Each is at least 1, `partsOfBlock` at least 2. */
export type RollupSizes = {
  readonly postingsOfRun: number
  readonly partsOfBlock: number
  /** Beyond it the times of a block's sums become shorter. */
  readonly sumsOfBlock: number
}

/** Neither an asset nor an accountId has a bar in its name. */
export function accountKey(place: {
  readonly accountId: AccountId
  readonly asset: Asset
}): string {
  return `${place.asset}|${place.accountId}`
}

/** Level 0 are runs. */
export function closedId(account: string, level: number, number: number): string {
  return `${beforeClosed(account, level)}${number.toString().padStart(10, '0')}`
}

/** Sorts right before the first closed document of the level. */
export function beforeClosed(account: string, level: number): string {
  return `${account}|${level}|`
}

export type OpenRun = Pick<AccountTotals, 'runs' | 'postings' | 'count'>

/** The open run with one more line; where it was full, that is the first of the next one. */
export function withPosting(
  { postingsOfRun }: RollupSizes,
  { runs, postings, count }: OpenRun,
  line: string,
): OpenRun {
  return count < postingsOfRun
    ? { runs, postings: postings + line, count: count + 1 }
    : { runs: runs + 1, postings: line, count: 1 }
}

/** Where the open run is full: it, closed, and every block whose last part it is. */
export function closingsOf(
  { postingsOfRun, partsOfBlock, sumsOfBlock }: RollupSizes,
  account: AccountTotals,
  key: string,
): readonly Closing<TrialBalanceDocument>[] {
  if (account.count < postingsOfRun) return []
  let [level, number] = [0, account.runs]
  const made: Closing<TrialBalanceDocument>[] = [
    { id: closedId(key, 0, number), parts: [], make: () => closedRun(account) },
  ]
  while ((number + 1) % partsOfBlock === 0) {
    const [below, first] = [level, number + 1 - partsOfBlock]
    level += 1
    number = first / partsOfBlock
    made.push({
      id: closedId(key, level, number),
      parts: Array.from({ length: partsOfBlock }, (_, part) => closedId(key, below, first + part)),
      make: (parts) => rolledUp(parts.filter(isClosed), sumsOfBlock),
    })
  }
  return made
}

/** Whether it never changes. */
export function isClosed(document: TrialBalanceDocument): document is ClosedDocument {
  return document.kind === 'run' || document.kind === 'block'
}

function closedRun({ asset, accountId, type, postings }: AccountTotals): RunDocument {
  return { kind: 'run', asset, accountId, type, postings }
}
