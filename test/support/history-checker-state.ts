import type { LoggedEvent, LoggedPosting } from '#test/support/history-checker-events.ts'

/** What a plain fold of a ledger's log keeps. */
export type Totals = Readonly<Record<(typeof totalNames)[number], bigint>>

export type CheckedAccount = {
  readonly accountId: string
  readonly type: string
  status: string
  frozen: string
  limits: { min: string | null; max: string | null }
  metadata: Record<string, string>
  readonly createdAt: string
  readonly totals: Map<string, Totals>
}

export type CheckedTransaction = {
  readonly event: LoggedEvent
  readonly kind: string
  readonly postings: readonly LoggedPosting[]
  readonly reversedBy: string[]
  reversed: bigint[]
}

export type CheckedHold = {
  readonly holdId: string
  readonly event: LoggedEvent
  status: string
  expiresAt: string | undefined
  readonly captures: string[]
  readonly postings: (Omit<LoggedPosting, 'amount'> & {
    readonly amount: bigint
    captured: bigint
    released: bigint
  })[]
}

export type CheckedEntry = {
  readonly event: LoggedEvent
  readonly posting: number
  readonly accountId: string
  readonly counterparty: string
  readonly side: 'debit' | 'credit'
  readonly asset: string
  readonly amount: bigint
  readonly balance: bigint
}

/** What one posting adds to the totals of its two accounts. */
export type Change = {
  readonly posting: Pick<LoggedPosting, 'debit' | 'credit' | 'asset'>
  readonly posted: bigint
  readonly pending: bigint
}

export const totalNames = [
  'postedDebits',
  'postedCredits',
  'pendingDebits',
  'pendingCredits',
] as const
export const nothing: Totals = {
  postedDebits: 0n,
  postedCredits: 0n,
  pendingDebits: 0n,
  pendingCredits: 0n,
}

/** What four totals mean for an account of a type. */
export function meaning(type: string, totals: Totals) {
  const { postedDebits, postedCredits, pendingDebits, pendingCredits } = totals
  const grows = type === 'asset' || type === 'expense'
  const posted = grows ? postedDebits - postedCredits : postedCredits - postedDebits
  const [incoming, outgoing] = grows
    ? [pendingDebits, pendingCredits]
    : [pendingCredits, pendingDebits]
  return {
    posted,
    available: posted - outgoing,
    pending: posted + incoming - outgoing,
    ceiling: posted + incoming,
  }
}
