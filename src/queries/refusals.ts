import type { QueryRefusal } from '#queries/query.ts'
import type { Asset } from '#values/assets.ts'
import type { AccountId, LedgerId, RevisionId } from '#values/ids.ts'

export function ledgerNotFound(ledgerId: LedgerId): QueryRefusal {
  const detail = `there is no ledger ${ledgerId}`
  return { kind: 'refused', code: 'ledger-not-found', detail, context: { ledgerId } }
}

export function accountNotFound(account: AccountId): QueryRefusal {
  const detail = `there is no account ${account} in this ledger`
  return { kind: 'refused', code: 'account-not-found', detail, context: { account } }
}

/** The account is there now; it was not at the revision asked about. */
export function accountNotYetOpened(account: AccountId, revision: bigint): QueryRefusal {
  const detail = `account ${account} was not open yet at the moment asked about`
  const at = revision < 0n ? {} : { revision: revision.toString() }
  return { kind: 'refused', code: 'account-not-found', detail, context: { account, ...at } }
}

export function transactionNotFound(transactionId: RevisionId): QueryRefusal {
  const detail = `there is no transaction ${transactionId} in this ledger`
  return { kind: 'refused', code: 'transaction-not-found', detail, context: { transactionId } }
}

export function holdNotFound(holdId: RevisionId): QueryRefusal {
  const detail = `there is no hold ${holdId} in this ledger`
  return { kind: 'refused', code: 'hold-not-found', detail, context: { holdId } }
}

export function assetUnknown(asset: Asset): QueryRefusal {
  const detail = `asset ${asset} is not registered in this ledger`
  return { kind: 'refused', code: 'asset-unknown', detail, context: { asset } }
}

export function projectionBehind(asked: bigint, applied: bigint): QueryRefusal {
  const detail = `revision ${asked} is not visible yet: the read models are at ${applied}`
  const context = { applied: applied.toString() }
  return { kind: 'refused', code: 'projection-behind', detail, asked, context }
}

/** The cursor is genuine but was made by another version of the question. */
export const invalidCursor: QueryRefusal = {
  kind: 'refused',
  code: 'invalid-cursor',
  detail: 'this cursor does not fit this list: begin again without one',
}
