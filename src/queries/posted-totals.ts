import type { ReadView } from '#ports/read-models.ts'
import type { AccountTotals, BlockDocument, ClosedDocument } from '#projections/documents.ts'
import { endOf, postingsIn, sumIn, wholeWidth } from '#projections/rollup-blocks.ts'
import { type TrialBalances, trialBalances } from '#projections/trial-balances.ts'
import {
  plus,
  type PostedTotals,
  type PostedWhen,
  postingsFrom,
  sumFromEitherEnd,
  sumOfRevisions,
  type Sums,
  sumsOf,
} from '#queries/entry-sums.ts'
import { findIn } from '#queries/reading.ts'
import { closedUpTo } from '#queries/rollups.ts'

/** Beyond these, what the rollups lack is not read entry by entry: they are being built. */
const revisionsLackingMax = 10_000n

/**
 * What was posted by a revision and before a business time. From what `trial-balances` has added up, which may be behind
 * the view's other models or not be there: the rest comes from the entries. Undefined where nothing had touched the
 * account in this asset by then.
 */
export async function postedTotals(
  view: ReadView,
  when: PostedWhen,
  model: TrialBalances = trialBalances,
): Promise<PostedTotals | undefined> {
  const { revision } = when
  const applied = (await view.checkpoint(model))?.revision ?? -1n
  if (applied < 0n || revision - applied > revisionsLackingMax) return sumFromEitherEnd(view, when)
  const account = await accountIn(view, when, model)
  if (applied >= revision) return account && rolledTotals(view, when, { model, account })
  const rest = await sumOfRevisions(view, when, applied)
  if (account === undefined) return rest
  const rolled = await rolledTotals(view, { ...when, revision: applied }, { model, account })
  return rest === undefined ? rolled : { type: rolled.type, ...plus(rolled, rest) }
}

/** Even ahead of the view: what it lacks of its past is closed. */
async function accountIn(
  view: ReadView,
  { accountId, asset }: PostedWhen,
  model: TrialBalances,
): Promise<AccountTotals | undefined> {
  const [found] = await findIn(view, model, {
    where: [
      { field: 'kind', is: 'account' },
      { field: 'asset', is: asset },
      { field: 'accountId', is: accountId },
    ],
    orderBy: ['accountId'],
    limit: 1,
    evenAhead: true,
  })
  return found?.document.kind === 'account' ? found.document : undefined
}

/**
 * The same where the account's document is at hand, as it is or as it was at any later revision. Nothing is read of the
 * entries but what was posted in the time in which the bound cuts a block's sums.
 */
export async function rolledTotals(
  view: ReadView,
  when: PostedWhen,
  { model, account }: { readonly model: TrialBalances; readonly account: AccountTotals },
): Promise<PostedTotals> {
  const { asset, accountId, type, postings } = account
  const open = { kind: 'run', asset, accountId, type, postings } as const
  const parts = [...(await closedUpTo(view, when, { model, account })), open]
  let sums: Sums = { debits: 0n, credits: 0n }
  for (const part of parts) sums = plus(sums, sumsBefore(part, when))
  const blocks = parts.filter((part) => part.kind === 'block')
  const cut = blocks.filter((block) => isCut(block, when.before))
  if (cut.length > 0) sums = plus(sums, await sumsWithin(view, when, cut))
  return { type, ...sums }
}

/** Of a run what counts, of a block what counts for certain. */
function sumsBefore(document: ClosedDocument, { revision, before }: PostedWhen): Sums {
  const nothing: Sums = { debits: 0n, credits: 0n }
  if (document.kind === 'run') {
    return postingsIn(document)
      .filter((posting) => posting.revision <= revision && posting.effectiveAt < before)
      .reduce<Sums>(plus, nothing)
  }
  const line = document.sums[countBefore(document, before) - 1]
  return line === undefined ? nothing : sumIn(line)
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

/** Whether the bound may fall within one of a block's times. */
function isCut(block: BlockDocument, before: string): boolean {
  if (block.width >= wholeWidth) return false
  const next = block.sums[countBefore(block, before)]
  return next !== undefined && before.startsWith(timeIn(next))
}

/** What the blocks hold before the bound of the time that it cuts: the longest of these times is read once for all. */
async function sumsWithin(
  view: ReadView,
  when: PostedWhen,
  blocks: readonly BlockDocument[],
): Promise<Sums> {
  const parts = blocks.map((block) => ({
    from: when.before.slice(0, block.width),
    first: BigInt(block.first),
    end: BigInt(endOf(block)),
  }))
  const from = when.before.slice(0, Math.min(...blocks.map(({ width }) => width)))
  const revision = parts.at(-1)?.end ?? when.revision
  let sums: Sums = { debits: 0n, credits: 0n }
  for await (const page of postingsFrom(view, { ...when, revision }, from))
    for (const { revision: at, document } of page) {
      if (document.kind !== 'posting') continue
      const part = parts.find(({ first, end }) => first <= at && at <= end)
      if (part !== undefined && part.from <= document.effectiveAt)
        sums = plus(sums, sumsOf(document))
    }
  return sums
}

function timeIn(line = ''): string {
  return line.slice(0, Math.max(0, line.indexOf(' ')))
}
