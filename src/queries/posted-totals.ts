import type { ReadView } from '#ports/read-models.ts'
import type { AccountTotals, BlockDocument } from '#projections/documents.ts'
import { endOf } from '#projections/rollup-blocks.ts'
import { type TrialBalances, trialBalances } from '#projections/trial-balances.ts'
import {
  nothing,
  plus,
  postedAt,
  type PostedTotals,
  type PostedWhen,
  postingsFrom,
  sumFromEitherEnd,
  sumOfRevisions,
  type Sums,
  sumsOf,
} from '#queries/entry-sums.ts'
import { findIn } from '#queries/reading.ts'
import { isCut, sumsBefore } from '#queries/rollup-sums.ts'
import { closedUpTo } from '#queries/rollups.ts'
import { wholeParts } from '#queries/whole-parts.ts'

/** Beyond these, what the rollups lack is not read entry by entry: they are being built. */
const revisionsLackingMax = 10_000n

/**
 * What was posted by a revision and before a business time. From what `trial-balances` has added up, which may be behind
 * the view's other models, lack what somebody had skipped in it, or not be there: the rest comes from the entries.
 * Undefined where nothing had touched the account in this asset by then.
 */
export async function postedTotals(
  view: ReadView,
  when: PostedWhen,
  model: TrialBalances = trialBalances,
): Promise<PostedTotals | undefined> {
  const { revision } = when
  const applied = (await view.checkpoint(model))?.revision ?? -1n
  if (applied < 0n || revision - applied > revisionsLackingMax) return sumFromEitherEnd(view, when)
  if (applied >= revision) return totalsKnown(view, when, model)
  const known = await totalsKnown(view, { ...when, revision: applied }, model)
  const rest = await sumOfRevisions(view, when, applied)
  if (known === undefined || rest === undefined) return known ?? rest
  return { type: known.type, ...plus(known, rest) }
}

/** The same up to a revision that the model has applied. */
async function totalsKnown(
  view: ReadView,
  when: PostedWhen,
  model: TrialBalances,
): Promise<PostedTotals | undefined> {
  const account = await accountIn(view, when, model)
  const posted = await postedAt(view, when)
  if (account !== undefined) return rolledTotals(view, when, { model, account, posted })
  const wasSkipped = posted.debits + posted.credits > 0n
  return wasSkipped ? sumOfRevisions(view, when, -1n) : undefined
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

/** The account's document, as it is or as it was at any later revision, and its totals at the revision asked about. */
type Rolled = {
  readonly model: TrialBalances
  readonly account: AccountTotals
  readonly posted: Sums
}

/**
 * The same where the account's document is at hand. Nothing is read of the entries but what was posted in the time in
 * which the bound cuts a block's sums, unless the sums lack some of what the totals have.
 */
export async function rolledTotals(
  view: ReadView,
  when: PostedWhen,
  { model, account, posted }: Rolled,
): Promise<PostedTotals> {
  const { asset, accountId, type, postings } = account
  const open = { kind: 'run', asset, accountId, type, postings } as const
  const parts = [...(await closedUpTo(view, when, { model, account })), open]
  const { whole, rest } = await wholeParts(view, when, { parts, posted })
  let sums = rest
  for (const part of whole) sums = plus(sums, sumsBefore(part, when))
  const blocks = whole.filter((part) => part.kind === 'block')
  const cut = blocks.filter((block) => isCut(block, when.before))
  if (cut.length > 0) sums = plus(sums, await sumsWithin(view, when, cut))
  return { type, ...sums }
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
  let sums = nothing
  for await (const page of postingsFrom(view, { ...when, revision }, from))
    for (const { revision: at, document } of page) {
      if (document.kind !== 'posting') continue
      const part = parts.find(({ first, end }) => first <= at && at <= end)
      if (part !== undefined && part.from <= document.effectiveAt)
        sums = plus(sums, sumsOf(document))
    }
  return sums
}
