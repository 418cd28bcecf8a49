import { type Account, type Hold, type Ledger, remaining } from '#ledger/ledger.ts'
import { balanceRecords, storedLimits } from '#ledger/stored-form.ts'
import type { AccountDocument, HoldDocument, LedgerDocument } from '#projections/documents.ts'
import type { LedgerId } from '#values/ids.ts'

/** What the read models would hold of the books at this very moment: where the fold of the next event begins. */

export function ledgerDocument({ ledgerId, head, assets }: Ledger): LedgerDocument {
  return {
    ledgerId,
    name: head.name,
    assets: [...assets.values()],
    metadata: head.metadata,
    createdAt: head.createdAt,
    revision: head.revision.toString(),
  }
}

export function accountDocument(account: Account): AccountDocument {
  const { accountId, type, status, frozen, metadata, createdAt } = account
  return {
    accountId,
    type,
    status,
    frozen,
    limits: storedLimits(account),
    metadata,
    createdAt,
    balances: balanceRecords(account),
  }
}

export function holdDocument(ledgerId: LedgerId, hold: Hold): HoldDocument {
  const { lastAct: _, postings, ...rest } = hold
  return {
    ledgerId,
    ...rest,
    status: 'open',
    postings: postings.map((posting) => ({
      debit: posting.debit,
      credit: posting.credit,
      asset: posting.asset,
      amount: posting.amount.toString(),
      captured: posting.captured.toString(),
      released: '0',
      remaining: remaining(posting).toString(),
    })),
  }
}
