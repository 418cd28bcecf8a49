import type { SourcedPosting } from '#events/transaction-events.ts'
import { pick as inOrder } from '#projections/books.ts'
import type {
  AccountDocument,
  CommandDocument,
  HoldDocument,
  LedgerDocument,
  PostingEntry,
  TransactionDocument,
  TrialBalanceDocument,
} from '#projections/documents.ts'
import type { SignedAmount } from '#values/amounts.ts'
import { type AccountType, type Balance, balanceOf, noTotals, posted } from '#values/balances.ts'
import type { AccountId } from '#values/ids.ts'

/** The account resource: what its document says, and what its totals mean. */
export type AccountResource = Omit<AccountDocument, 'balances'> & {
  readonly balances: readonly Balance[]
}

/** The entry resource: one line of an account's history and the account's `posted` after it. */
export type EntryResource = Pick<
  PostingEntry,
  | 'transactionId'
  | 'revision'
  | 'posting'
  | 'side'
  | 'accountId'
  | 'counterparty'
  | 'asset'
  | 'amount'
  | 'effectiveAt'
  | 'recordedAt'
  | 'description'
> & { readonly balance: SignedAmount }

/** One account's line in a trial balance. */
export type TrialBalanceRow = {
  readonly accountId: AccountId
  readonly type: AccountType
  readonly debits: SignedAmount
  readonly credits: SignedAmount
  readonly posted: SignedAmount
}

export type TransactionResource = TransactionDocument
export type HoldResource = Omit<HoldDocument, 'ledgerId'>
export type CommandResource = Omit<CommandDocument, 'event'>

export function ledgerResource(document: LedgerDocument): LedgerDocument {
  return inOrder(document, ['ledgerId', 'name', 'assets', 'metadata', 'createdAt', 'revision'])
}

export function accountResource(document: AccountDocument): AccountResource {
  const { accountId, type, status, frozen, limits, metadata, createdAt } = document
  return {
    accountId,
    type,
    status,
    frozen,
    limits: { min: limits.min, max: limits.max },
    metadata,
    createdAt,
    balances: document.balances.map(balanceOf),
  }
}

/** Without `balances`: those belong to the answer of the command. Written out: every posted transaction is answered so. */
export function transactionResource(document: TransactionDocument): TransactionResource {
  const { externalReference, description, reverses, reason } = document
  const { reversedBy, reversedAmounts, holdId } = document
  return {
    transactionId: document.transactionId,
    kind: document.kind,
    postings: document.postings.map(postingResource),
    effectiveAt: document.effectiveAt,
    recordedAt: document.recordedAt,
    ...(externalReference !== undefined && { externalReference }),
    ...(description !== undefined && { description }),
    metadata: document.metadata,
    ...(reverses !== undefined && { reverses }),
    ...(reason !== undefined && { reason }),
    ...(reversedBy !== undefined && { reversedBy }),
    ...(reversedAmounts !== undefined && { reversedAmounts }),
    ...(holdId !== undefined && { holdId }),
    actor: document.actor,
  }
}

function postingResource({ debit, credit, asset, amount, source }: SourcedPosting): SourcedPosting {
  const posting = { debit, credit, asset, amount }
  return source === undefined ? posting : { ...posting, source }
}

const holdMembers = [
  'holdId',
  'status',
  'postings',
  'expiresAt',
  'externalReference',
  'description',
  'metadata',
  'createdAt',
  'captures',
] as const

const holdPostingMembers = [
  'debit',
  'credit',
  'asset',
  'amount',
  'captured',
  'released',
  'remaining',
] as const

/** Without `balances`: those belong to the answer of the command. */
export function holdResource(document: HoldDocument): HoldResource {
  const postings = document.postings.map((posting) => inOrder(posting, holdPostingMembers))
  return inOrder({ ...document, postings }, holdMembers)
}

/** Written out, and only what it needs of the totals: a page has hundreds of them. */
export function entryResource(document: PostingEntry): EntryResource {
  const { description, type, postedDebits, postedCredits } = document
  const totals = {
    ...noTotals,
    postedDebits: BigInt(postedDebits),
    postedCredits: BigInt(postedCredits),
  }
  return {
    transactionId: document.transactionId,
    revision: document.revision,
    posting: document.posting,
    side: document.side,
    accountId: document.accountId,
    counterparty: document.counterparty,
    asset: document.asset,
    amount: document.amount,
    effectiveAt: document.effectiveAt,
    recordedAt: document.recordedAt,
    balance: posted(type, totals).toString(),
    ...(description !== undefined && { description }),
  }
}

export function trialBalanceRow(
  document: TrialBalanceDocument & { readonly kind: 'account' },
): TrialBalanceRow {
  const { accountId, type, debits, credits } = document
  const totals = { ...noTotals, postedDebits: BigInt(debits), postedCredits: BigInt(credits) }
  return { accountId, type, debits, credits, posted: posted(type, totals).toString() }
}

const commandMembers = [
  'revision',
  'command',
  'outcome',
  'code',
  'detail',
  'idempotencyKey',
  'actor',
  'recordedAt',
  'correlationId',
] as const

export function commandResource(document: CommandDocument): CommandResource {
  return inOrder(document, commandMembers)
}
