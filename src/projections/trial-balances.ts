import type { RecordedEvent } from '#events/envelope.ts'
import { assertBooks, balancesOf, oncePerEvent, postingsOf } from '#projections/books.ts'
import type { AccountTotals, AssetTotals, TrialBalanceDocument } from '#projections/documents.ts'
import type { Projection } from '#projections/projection.ts'
import {
  accountKey,
  closingsOf,
  type OpenRun,
  type RollupSizes,
  withPosting,
} from '#projections/rollup-runs.ts'
import type { Asset } from '#values/assets.ts'
import type { BalanceRecord } from '#values/balances.ts'

/** The read model with its sizes, which say where what is added up is found. */
export type TrialBalances = Projection<TrialBalanceDocument> & { readonly sizes: RollupSizes }

/** Trial balances of other sizes than the program's are another version: for tests. */
export function trialBalancesOf(sizes: RollupSizes, version: number): TrialBalances {
  const evolve: TrialBalances['evolve'] = (document, event, key) => {
    const movement = movementsOf(event).get(key)
    assertBooks(movement !== undefined, `${event.type} moves nothing in ${key}`)
    if (movement.kind === 'asset') return assetAfter(document, movement)
    const line = lineOf(event, movement)
    return { ...accountAfter(document, movement), ...withPosting(sizes, runOf(document), line) }
  }
  return {
    name: 'trial-balances',
    version,
    sizes,
    fields: { kind: 'text', asset: 'text', accountId: 'text' },
    indexes: [
      ['kind', 'asset', 'accountId'],
      ['kind', 'asset'],
    ],

    keysOf: (event) => [...movementsOf(event).keys()],

    evolve,

    evolveAfterSkip: (document, event, key) =>
      evolve(supposedBy(movementsOf(event).get(key), document), event, key),

    closings: (document, key) =>
      document.kind === 'account' ? closingsOf(sizes, document, key) : [],
  }
}

/**
 * What is posted per account and asset, and its sums per asset; a fold that counts the postings itself. What was posted
 * to an account is also added up in runs and blocks, for sums as of a business time.
 */
export const trialBalances = trialBalancesOf(
  { postingsOfRun: 32, partsOfBlock: 16, sumsOfBlock: 4_096 },
  2,
)

type Sums = { debits: bigint; credits: bigint }
type AccountMovement = Sums & { readonly kind: 'account'; readonly after: BalanceRecord }
type AssetMovement = Sums & {
  readonly kind: 'asset'
  readonly asset: Asset
  readonly registers: boolean
}
type Movement = AccountMovement | AssetMovement

const movementsOf = oncePerEvent((event): ReadonlyMap<string, Movement> => {
  if (event.type === 'LedgerOpened') return registrations(event.data.assets)
  if (event.type === 'AssetRegistered') return registrations([event.data])
  return postingMovements(event)
})

function registrations(
  assets: readonly { readonly asset: Asset }[],
): ReadonlyMap<string, AssetMovement> {
  const nothing = { kind: 'asset', registers: true, debits: 0n, credits: 0n } as const
  return new Map(assets.map(({ asset }) => [asset, { ...nothing, asset }]))
}

function postingMovements(event: RecordedEvent): ReadonlyMap<string, Movement> {
  const movements = new Map<string, Movement>()
  const postings = postingsOf(event)
  if (postings.length === 0) return movements
  for (const after of balancesOf(event))
    movements.set(accountKey(after), { kind: 'account', after, debits: 0n, credits: 0n })
  for (const { debit, credit, asset, amount: text } of postings) {
    const amount = BigInt(text)
    if (!movements.has(asset))
      movements.set(asset, { kind: 'asset', asset, registers: false, debits: 0n, credits: 0n })
    const sums = moving(movements, asset)
    sums.debits += amount
    sums.credits += amount
    moving(movements, accountKey({ accountId: debit, asset })).debits += amount
    moving(movements, accountKey({ accountId: credit, asset })).credits += amount
  }
  withoutStill(movements)
  return movements
}

function moving(movements: ReadonlyMap<string, Movement>, key: string): Movement {
  const movement = movements.get(key)
  assertBooks(movement !== undefined, 'a posting moves an account whose totals are missing')
  return movement
}

/** What a capture only releases is in its balances, but not in the trial balance. */
function withoutStill(movements: Map<string, Movement>): void {
  for (const [key, { debits, credits }] of movements)
    if (debits === 0n && credits === 0n) movements.delete(key)
}

function accountAfter(
  document: TrialBalanceDocument | undefined,
  { after, debits, credits }: AccountMovement,
): Omit<AccountTotals, keyof OpenRun> {
  const before = document?.kind === 'account' ? document : { debits: '0', credits: '0' }
  const adds =
    BigInt(before.debits) + debits === BigInt(after.postedDebits) &&
    BigInt(before.credits) + credits === BigInt(after.postedCredits)
  assertBooks(adds, `the postings on ${after.accountId} do not add up to its ${after.asset} totals`)
  return {
    kind: 'account',
    asset: after.asset,
    accountId: after.accountId,
    type: after.type,
    debits: after.postedDebits,
    credits: after.postedCredits,
  }
}

function assetAfter(
  document: TrialBalanceDocument | undefined,
  { asset, registers, debits, credits }: AssetMovement,
): TrialBalanceDocument {
  if (registers) {
    assertBooks(document === undefined, `asset ${asset} was registered twice`)
    return unmoved(asset)
  }
  assertBooks(document?.kind === 'asset', `asset ${asset} was never registered`)
  return {
    kind: 'asset',
    asset,
    totalDebits: (BigInt(document.totalDebits) + debits).toString(),
    totalCredits: (BigInt(document.totalCredits) + credits).toString(),
  }
}

function unmoved(asset: Asset): AssetTotals {
  return { kind: 'asset', asset, totalDebits: '0', totalCredits: '0' }
}

/**
 * The document as what moves it supposes it to be: an account has the totals that are added to, an asset is registered.
 * In a history that lacks nothing it is so already.
 */
function supposedBy(
  movement: Movement | undefined,
  document: TrialBalanceDocument | undefined,
): TrialBalanceDocument | undefined {
  if (movement === undefined) return document
  if (movement.kind === 'asset')
    return document ?? (movement.registers ? undefined : unmoved(movement.asset))
  const { after, debits, credits } = movement
  return {
    ...runOf(document),
    kind: 'account',
    asset: after.asset,
    accountId: after.accountId,
    type: after.type,
    debits: (BigInt(after.postedDebits) - debits).toString(),
    credits: (BigInt(after.postedCredits) - credits).toString(),
  }
}

function lineOf({ revision, data }: RecordedEvent, { debits, credits }: Sums): string {
  assertBooks('effectiveAt' in data, 'what is posted has a business time')
  return `${revision} ${data.effectiveAt} ${debits} ${credits};`
}

function runOf(document: TrialBalanceDocument | undefined): OpenRun {
  return document?.kind === 'account' ? document : { runs: 0, postings: '', count: 0 }
}
