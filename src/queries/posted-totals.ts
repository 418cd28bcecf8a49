import type { ReadView } from '#ports/read-models.ts'
import { type TrialBalances, trialBalances } from '#projections/trial-balances.ts'
import { sumsWithin } from '#queries/cut-blocks.ts'
import {
  type Fill,
  isNothing,
  nothing,
  plus,
  type PostedTotals,
  type PostedWhen,
  type Stretch,
  sumOfStretch,
  type Told,
  untold,
} from '#queries/entry-sums.ts'
import { findIn } from '#queries/reading.ts'
import { postingsBetween } from '#queries/rollup-gaps.ts'
import { isCut, sumsBefore } from '#queries/rollup-sums.ts'
import { closedUpTo, type Rolled } from '#queries/rollups.ts'
import { type PlaceAt, toldAt, toldBy, type ToldByEntry } from '#queries/told-totals.ts'
import { wholeParts } from '#queries/whole-parts.ts'

/**
 * What was posted by a revision and before a business time. From what `trial-balances` has added up, which may be behind
 * the view's other models, lack what somebody had skipped in it, or not be there: the rest comes from the entries, and
 * what these lack from it. `behind` where it has yet to take in what they lack. Undefined where nothing had touched the
 * account in this asset by then.
 */
export async function postedTotals(
  view: ReadView,
  when: PostedWhen,
  model: TrialBalances = trialBalances,
): Promise<PostedTotals | 'behind' | undefined> {
  const applied = (await view.checkpoint(model))?.revision ?? -1n
  if (applied >= when.revision) return totalsKnown(view, when, model)
  const rolled = await rolledIn(view, when, model)
  const known = await stretchKnown(view, { ...when, revision: applied }, rolled)
  const fill = fillFrom(view, rolled)
  const rest = await sumOfStretch(view, when, { since: known.told, fill })
  if (rest.isShort) return 'behind'
  return totalsIn({ ...known, ...rest, sums: plus(known.sums, rest.sums) })
}

/** What the model has up to where it is. */
async function stretchKnown(
  view: ReadView,
  at: PostedWhen,
  rolled: Rolled | undefined,
): Promise<Stretch> {
  if (rolled === undefined || at.revision < 0n)
    return { sums: nothing, told: untold, isShort: false }
  return rolledStretch(view, at, { ...rolled, told: await toldBy(view, at) })
}

function totalsIn({ type, sums }: Stretch): PostedTotals | undefined {
  return type && { type, ...sums }
}

/** The same up to a revision that the model has applied. */
async function totalsKnown(
  view: ReadView,
  when: PostedWhen,
  model: TrialBalances,
): Promise<PostedTotals | undefined> {
  const rolled = await rolledIn(view, when, model)
  const told = await toldBy(view, when)
  if (rolled !== undefined) return rolledTotals(view, when, { ...rolled, told })
  if (isNothing(told.totals)) return undefined
  return totalsIn(await sumOfStretch(view, when, { since: untold, fill: fillFrom(view) }))
}

/**
 * All that was posted by a revision, at whatever business time, and the last entry by then. `behind` where `trial-balances`
 * has yet to take in what the entries lack.
 */
export async function postedBy(
  view: ReadView,
  at: PlaceAt,
  model: TrialBalances = trialBalances,
): Promise<ToldByEntry | 'behind'> {
  const told = await toldAt(view, at, async (gap) => {
    const fill = fillFrom(view, await rolledIn(view, at, model))
    return await fill(gap)
  })
  if (!told.isShort) return told
  const applied = (await view.checkpoint(model))?.revision ?? -1n
  return applied < at.revision ? 'behind' : told
}

/** What the model has of the account where the entries are short. */
export function fillFrom(view: ReadView, rolled?: Rolled): Fill {
  return async (gap) => (rolled === undefined ? [] : await postingsBetween(view, rolled, gap))
}

/** Even ahead of the view: what it lacks of its past is closed. */
async function rolledIn(
  view: ReadView,
  { accountId, asset }: PlaceAt,
  model: TrialBalances,
): Promise<Rolled | undefined> {
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
  const account = found?.document
  return account?.kind === 'account' ? { model, account } : undefined
}

/** What is told of the account at the revision asked about, or by the last entry before it. */
type RolledAndTold = Rolled & { readonly told: Told }

/**
 * The same where the account's document is at hand. Nothing is read of the entries but what was posted in the time in
 * which the bound cuts a block's sums, unless the sums lack some of what the totals have.
 */
export async function rolledTotals(
  view: ReadView,
  when: PostedWhen,
  rolled: RolledAndTold,
): Promise<PostedTotals> {
  const { sums } = await rolledStretch(view, when, rolled)
  return { type: rolled.account.type, ...sums }
}

async function rolledStretch(
  view: ReadView,
  when: PostedWhen,
  { model, account, told }: RolledAndTold,
): Promise<Stretch> {
  const { asset, accountId, type, postings } = account
  const open = { kind: 'run', asset, accountId, type, postings } as const
  const parts = [...(await closedUpTo(view, when, { model, account })), open]
  const fill = fillFrom(view, { model, account })
  const { whole, rest } = await wholeParts(view, when, { parts, told, fill })
  let { sums } = rest
  for (const part of whole) sums = plus(sums, sumsBefore(part, when))
  const blocks = whole.filter((part) => part.kind === 'block')
  const cut = blocks.filter((block) => isCut(block, when.before))
  return { ...rest, type, sums: plus(sums, await sumsWithin(view, when, { cut, fill })) }
}
