import { z } from 'zod'
import type { EntryDocument, TransactionDocument } from '#projections/documents.ts'
import { entries } from '#projections/entries.ts'
import { transactionResource } from '#projections/resources.ts'
import { transactions } from '#projections/transactions.ts'
import { equal } from '#queries/equality.ts'
import { inLedger } from '#queries/ledger-moment.ts'
import { list, listFrom, listPaging } from '#queries/listing.ts'
import { anAccountId, aLedgerId, printableText, span, within } from '#queries/parameters.ts'
import type { Query } from '#queries/query.ts'
import { scanPageSize } from '#queries/reading.ts'
import { throughEntries } from '#queries/through-entries.ts'
import { touches } from '#queries/touches.ts'

const parameters = z.strictObject({
  ledgerId: aLedgerId,
  account: anAccountId.optional(),
  externalReference: printableText.optional(),
  ...span,
})

type Asked = z.infer<typeof parameters>

/** Transactions of every kind, newest first by transactionId; `from` and `to` are business time. */
export const listTransactions: Query<Asked> = {
  name: 'listTransactions',
  models: [transactions, entries],
  parameters,
  paging: listPaging,
  answer: inLedger((moment, asked) => {
    const { account, externalReference } = asked
    const listing = { ...newestFirst, ...(isFiltered(asked) && { accept: filterOf(asked) }) }
    if (account === undefined || externalReference !== undefined)
      return list(moment, { ...listing, where: equal({ externalReference }) })
    const readSize = isLimitedInTime(asked) ? scanPageSize : moment.page.limit + 1
    const trail = { accountId: account, model: transactions, idField, madeWith, readSize }
    return listFrom(moment, [throughEntries(moment, trail)], listing)
  }),
}

const idField = 'transactionId'

const newestFirst = {
  model: transactions,
  orderBy: [idField],
  descending: true,
  resource: transactionResource,
}

function madeWith(entry: EntryDocument): string | undefined {
  return entry.kind === 'posting' ? entry.transactionId : undefined
}

function isFiltered(asked: Asked): boolean {
  return asked.account !== undefined || isLimitedInTime(asked)
}

function isLimitedInTime({ from, to }: Asked): boolean {
  return from !== undefined || to !== undefined
}

/** What no index of the transactions covers. */
function filterOf(asked: Asked): (transaction: TransactionDocument) => boolean {
  const { account } = asked
  return ({ postings, effectiveAt }) =>
    within(asked, effectiveAt) && (account === undefined || touches(postings, account))
}
