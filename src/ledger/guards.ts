import type { Posting } from '#events/transaction-events.ts'
import type { Account, Ledger } from '#ledger/ledger.ts'
import type { LedgerRejection } from '#ledger/rejections.ts'
import type { SignedAmount } from '#values/amounts.ts'
import type { Asset } from '#values/assets.ts'
import { available, noTotals } from '#values/balances.ts'
import { reject } from '#values/decision.ts'
import type { AccountId } from '#values/ids.ts'
import type { Timestamp } from '#values/timestamps.ts'

/** A rule that a decision asks: the refusal, or undefined where the rule is kept. */
type Guard = LedgerRejection | undefined

/** Every posting moves a registered asset between two different accounts that exist, are open and not frozen that way. */
export function mayMove(
  ledger: Ledger,
  postings: readonly Pick<Posting, 'debit' | 'credit' | 'asset'>[],
): Guard {
  for (const [index, posting] of postings.entries()) {
    const refusal =
      differs(posting, index) ??
      assetKnown(ledger, posting.asset) ??
      mayTake(ledger, posting.debit, 'debits') ??
      mayTake(ledger, posting.credit, 'credits')
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function assetKnown(ledger: Ledger, asset: Asset): Guard {
  if (ledger.assets.has(asset)) return undefined
  return reject('asset-unknown', `asset ${asset} is not registered in this ledger`, { asset })
}

export function accountNotFound(accountId: AccountId): LedgerRejection {
  return reject('account-not-found', `there is no account ${accountId}`, { account: accountId })
}

export function accountClosed(accountId: AccountId): LedgerRejection {
  return reject('account-closed', `account ${accountId} is closed`, { account: accountId })
}

/** Business time may lie in the past, never ahead of the record. */
export function effectiveByNow(effectiveAt: Timestamp, now: Timestamp): Guard {
  if (effectiveAt <= now) return undefined
  return reject('effective-at-in-future', `effectiveAt ${effectiveAt} is after ${now}`, {
    effectiveAt,
    now,
  })
}

export function expiresAfterNow(expiresAt: Timestamp | undefined, now: Timestamp): Guard {
  if (expiresAt === undefined || expiresAt > now) return undefined
  return reject('expires-at-not-in-future', `expiresAt ${expiresAt} is not after ${now}`, {
    expiresAt,
    now,
  })
}

/** One external reference, one transaction or hold. */
export function referenceFree(ledger: Ledger, reference: string | undefined): Guard {
  const referent = reference === undefined ? undefined : ledger.references.get(reference)
  if (referent === undefined) return undefined
  return reject('external-reference-exists', `external reference ${reference} is in use`, referent)
}

/** What a client asks to be true of an account's available balance before its command. */
export type BalanceCondition = {
  readonly account: AccountId
  readonly asset: Asset
  readonly available: {
    readonly gte?: SignedAmount | undefined
    readonly lte?: SignedAmount | undefined
  }
}

export function conditionsHold(ledger: Ledger, conditions: readonly BalanceCondition[]): Guard {
  for (const [index, condition] of conditions.entries()) {
    const account = ledger.accounts.get(condition.account)
    if (account === undefined) return accountNotFound(condition.account)
    const refusal = assetKnown(ledger, condition.asset) ?? conditionHolds(account, condition, index)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function conditionHolds(account: Account, condition: BalanceCondition, index: number): Guard {
  const actual = available(account.type, account.balances.get(condition.asset) ?? noTotals)
  const { gte, lte } = condition.available
  if ((gte === undefined || actual >= BigInt(gte)) && (lte === undefined || actual <= BigInt(lte)))
    return undefined
  return reject(
    'condition-failed',
    `account ${condition.account} has ${actual} ${condition.asset} available`,
    { index, account: condition.account, asset: condition.asset, available: actual.toString() },
  )
}

function differs(posting: Pick<Posting, 'debit' | 'credit'>, index: number): Guard {
  if (posting.debit !== posting.credit) return undefined
  return reject('same-account', `posting ${index} debits and credits ${posting.debit}`, {
    account: posting.debit,
    index,
  })
}

function mayTake(ledger: Ledger, accountId: AccountId, side: 'debits' | 'credits'): Guard {
  const account = ledger.accounts.get(accountId)
  if (account === undefined) return accountNotFound(accountId)
  if (account.status === 'closed') return accountClosed(accountId)
  if (account.frozen !== side && account.frozen !== 'all') return undefined
  return reject('account-frozen', `account ${accountId} is frozen for ${account.frozen}`, {
    account: accountId,
    frozen: account.frozen,
  })
}
