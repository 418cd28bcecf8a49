import { z } from 'zod'
import { accounts } from '#projections/accounts.ts'
import { accountResource } from '#projections/resources.ts'
import { equal } from '#queries/equality.ts'
import { inLedger } from '#queries/ledger-moment.ts'
import { list, listPaging } from '#queries/listing.ts'
import { anAccountPrefix, aLedgerId } from '#queries/parameters.ts'
import type { Query } from '#queries/query.ts'
import { accountTypes } from '#values/balances.ts'

const parameters = z.strictObject({
  ledgerId: aLedgerId,
  prefix: anAccountPrefix.optional(),
  type: z.enum(accountTypes).optional(),
  status: z.enum(['open', 'closed']).optional(),
})

/** The accounts of a ledger with their balances, by accountId. */
export const listAccounts: Query<z.infer<typeof parameters>> = {
  name: 'listAccounts',
  models: [accounts],
  parameters,
  paging: listPaging,
  answer: inLedger((moment, { prefix = '', type, status }) =>
    list(moment, {
      model: accounts,
      where: [
        ...equal({ type, status }),
        ...(prefix === '' ? [] : [{ field: 'accountId', prefix }]),
      ],
      orderBy: ['accountId'],
      resource: accountResource,
    }),
  ),
}
