import type { BooksShown } from '#cli/replay/books.ts'
import { decimal, table } from '#cli/table.ts'
import type { AccountResource } from '#projections/resources.ts'

const amountColumns = new Set([4, 5, 6])

/** The books for people: amounts with their decimal places. */
export function booksAsText(books: BooksShown): string {
  const { ledger, revision, recordedAt, openHolds, trialBalance } = books
  const lines = [
    `${ledger.name} (${ledger.ledgerId}) at revision ${revision}, recorded ${recordedAt}`,
    '',
    ...accountLines(books),
    '',
    openHolds.length === 0 ? 'No open holds' : 'Open holds',
    ...holdLines(books),
    ...(trialBalance === undefined ? [] : ['', ...trialBalanceLines(trialBalance)]),
  ]
  return `${lines.join('\n')}\n`
}

function accountLines({ accounts }: BooksShown): readonly string[] {
  const header = ['account', 'type', 'state', 'asset', 'posted', 'pending', 'available']
  const rows = accounts.flatMap((account) =>
    account.balances.length === 0
      ? [[account.accountId, account.type, stateOf(account), '', '', '', '']]
      : account.balances.map(({ asset, posted, pending, available }) => [
          account.accountId,
          account.type,
          stateOf(account),
          asset,
          decimal(posted, asset),
          decimal(pending, asset),
          decimal(available, asset),
        ]),
  )
  return table([header, ...rows], amountColumns)
}

function stateOf({ status, frozen }: AccountResource): string {
  return frozen === 'none' ? status : `${status}, ${frozen} frozen`
}

function holdLines({ openHolds }: BooksShown): readonly string[] {
  const rows = openHolds.flatMap(({ holdId, expiresAt, postings }) =>
    postings.map(({ debit, credit, asset, remaining }) => [
      holdId,
      debit,
      credit,
      asset,
      decimal(remaining, asset),
      expiresAt ?? 'no expiry',
    ]),
  )
  if (rows.length === 0) return []
  return table(
    [['hold', 'debit', 'credit', 'asset', 'remaining', 'expires'], ...rows],
    new Set([4]),
  )
}

function trialBalanceLines(
  trialBalance: NonNullable<BooksShown['trialBalance']>,
): readonly string[] {
  const rows = trialBalance.flatMap(({ asset, totalDebits, totalCredits, accounts }) => [
    ...accounts.map(({ accountId, debits, credits }) => [
      accountId,
      asset,
      decimal(debits, asset),
      decimal(credits, asset),
    ]),
    [`total ${asset}`, asset, decimal(totalDebits, asset), decimal(totalCredits, asset)],
  ])
  return [
    'Trial balance',
    ...table([['account', 'asset', 'debits', 'credits'], ...rows], new Set([2, 3])),
  ]
}
