import { z } from 'zod'
import { accounts } from '#projections/accounts.ts'
import { accountResource } from '#projections/resources.ts'
import { inLedger } from '#queries/ledger-moment.ts'
import { anAccountId, aLedgerId } from '#queries/parameters.ts'
import type { Query } from '#queries/query.ts'
import { getFrom } from '#queries/reading.ts'
import { accountNotFound } from '#queries/refusals.ts'

const parameters = z.strictObject({ ledgerId: aLedgerId, accountId: anAccountId })

/** One account with its balances as they are now. */
export const getAccount: Query<z.infer<typeof parameters>> = {
  name: 'getAccount',
  models: [accounts],
  parameters,
  answer: inLedger(async ({ view }, asked) => {
    const found = await getFrom(view, accounts, asked.accountId)
    if (found === undefined) return accountNotFound(asked.accountId)
    return { kind: 'one', data: accountResource(found.document) }
  }),
}
