import { z } from 'zod'
import { transactionResource } from '#projections/resources.ts'
import { transactions } from '#projections/transactions.ts'
import { inLedger } from '#queries/ledger-moment.ts'
import { aLedgerId, aRevisionId } from '#queries/parameters.ts'
import type { Query } from '#queries/query.ts'
import { getFrom } from '#queries/reading.ts'
import { transactionNotFound } from '#queries/refusals.ts'

const parameters = z.strictObject({ ledgerId: aLedgerId, transactionId: aRevisionId })

/** One transaction, of whatever kind, with what was reversed of it. */
export const getTransaction: Query<z.infer<typeof parameters>> = {
  name: 'getTransaction',
  models: [transactions],
  parameters,
  answer: inLedger(async ({ view }, asked) => {
    const found = await getFrom(view, transactions, asked.transactionId)
    if (found === undefined) return transactionNotFound(asked.transactionId)
    return { kind: 'one', data: transactionResource(found.document) }
  }),
}
