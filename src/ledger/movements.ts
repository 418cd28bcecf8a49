import type { Posting } from '#events/transaction-events.ts'
import { type Account, type Hold, type Ledger, remaining } from '#ledger/ledger.ts'
import type { LedgerRejection } from '#ledger/rejections.ts'
import { totalMax } from '#values/amounts.ts'
import type { Asset } from '#values/assets.ts'
import {
  available,
  type BalanceRecord,
  balanceRecord,
  ceiling,
  noTotals,
  type Totals,
} from '#values/balances.ts'
import { reject } from '#values/decision.ts'

/** What one posting does to the totals of its two accounts: amounts to add, negative to take away. */
export type Change = {
  readonly posting: Pick<Posting, 'debit' | 'credit' | 'asset'>
  readonly posted: bigint
  readonly pending: bigint
}

/** The net effect of all changes on one account in one asset. */
export type Movement = {
  readonly account: Account
  readonly asset: Asset
  readonly before: Totals
  after: Totals
}

/** The changes of a transaction: its amounts are booked. */
export function postedChanges(postings: readonly Posting[]): readonly Change[] {
  return postings.map((posting) => ({ posting, posted: BigInt(posting.amount), pending: 0n }))
}

/** The changes of a hold: its amounts are reserved. */
export function heldChanges(postings: readonly Posting[]): readonly Change[] {
  return postings.map((posting) => ({ posting, posted: 0n, pending: BigInt(posting.amount) }))
}

/** The changes of a capture: what is captured is booked, and it and what is released are no longer reserved. */
export function capturedChanges(
  hold: Hold,
  amounts: readonly bigint[],
  released: readonly bigint[],
): readonly Change[] {
  return hold.postings.map((posting, index) => {
    const captured = amounts[index] ?? 0n
    return { posting, posted: captured, pending: -captured - (released[index] ?? 0n) }
  })
}

/** The changes of a void or an expiry: what remains is no longer reserved. */
export function releasedChanges(hold: Hold): readonly Change[] {
  return hold.postings.map((posting) => ({ posting, posted: 0n, pending: -remaining(posting) }))
}

/**
 * Adds the changes up per account and asset, in order of accountId and asset.
 * @throws {Error} when an account does not exist: callers have checked, and what was stored was decided.
 */
export function moved(ledger: Ledger, changes: readonly Change[]): readonly Movement[] {
  const movements = new Map<string, Movement>()
  for (const { posting, posted, pending } of changes) {
    const debited = movementOf(ledger, movements, {
      accountId: posting.debit,
      asset: posting.asset,
    })
    debited.after = {
      ...debited.after,
      postedDebits: debited.after.postedDebits + posted,
      pendingDebits: debited.after.pendingDebits + pending,
    }
    const credited = movementOf(ledger, movements, {
      accountId: posting.credit,
      asset: posting.asset,
    })
    credited.after = {
      ...credited.after,
      postedCredits: credited.after.postedCredits + posted,
      pendingCredits: credited.after.pendingCredits + pending,
    }
  }
  return [...movements.values()].toSorted(byAccountAndAsset)
}

/** What an event stores of the movements. */
export function balancesAfter(movements: readonly Movement[]): readonly BalanceRecord[] {
  return movements.map(({ account, asset, after }) => balanceRecord(account, asset, after))
}

/** Refuses movements that leave an account outside its limits in the direction they moved it, or a total too large. */
export function withinLimits(movements: readonly Movement[]): LedgerRejection | undefined {
  for (const movement of movements) {
    const refusal = overflow(movement) ?? belowMin(movement) ?? aboveMax(movement)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function movementOf(
  ledger: Ledger,
  movements: Map<string, Movement>,
  of: { readonly accountId: string; readonly asset: Asset },
): Movement {
  const key = `${of.accountId} ${of.asset}`
  const known = movements.get(key)
  if (known !== undefined) return known
  const account = ledger.accounts.get(of.accountId)
  if (account === undefined) throw new Error(`account ${of.accountId} was never opened`)
  const before = account.balances.get(of.asset) ?? noTotals
  const movement = { account, asset: of.asset, before, after: before }
  movements.set(key, movement)
  return movement
}

function overflow({ account, asset, after }: Movement): LedgerRejection | undefined {
  // What is reserved may be booked: where posted and pending together fit, every balance does, now and later.
  const debits = after.postedDebits + after.pendingDebits
  const credits = after.postedCredits + after.pendingCredits
  if (debits <= totalMax && credits <= totalMax) return undefined
  return reject(
    'balance-overflow',
    `a total of account ${account.accountId} would exceed 10^34 - 1`,
    {
      account: account.accountId,
      asset,
    },
  )
}

function belowMin({ account, asset, before, after }: Movement): LedgerRejection | undefined {
  const { min } = account.limits
  if (min === null) return undefined
  const [was, is] = [available(account.type, before), available(account.type, after)]
  if (is >= was || is >= min) return undefined
  return reject(
    'insufficient-funds',
    `account ${account.accountId} has ${was} ${asset} available, ${was - is} would be taken and ${min} must remain`,
    {
      account: account.accountId,
      asset,
      available: was.toString(),
      required: (was - is).toString(),
      min: min.toString(),
    },
  )
}

function aboveMax({ account, asset, before, after }: Movement): LedgerRejection | undefined {
  const { max } = account.limits
  if (max === null) return undefined
  const [was, is] = [ceiling(account.type, before), ceiling(account.type, after)]
  if (is <= was || is <= max) return undefined
  return reject(
    'limit-exceeded',
    `account ${account.accountId} may hold ${max} ${asset} at most and would reach ${is}`,
    {
      account: account.accountId,
      asset,
      ceiling: was.toString(),
      added: (is - was).toString(),
      max: max.toString(),
    },
  )
}

function byAccountAndAsset(a: Movement, b: Movement): number {
  if (a.account.accountId !== b.account.accountId)
    return a.account.accountId < b.account.accountId ? -1 : 1
  return a.asset < b.asset ? -1 : 1
}
