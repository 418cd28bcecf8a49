import { z } from 'zod'
import { ledgers } from '#projections/ledgers.ts'
import { ledgerResource } from '#projections/resources.ts'
import { list, listPaging } from '#queries/listing.ts'
import type { Query } from '#queries/query.ts'

const parameters = z.strictObject({})

/** Every ledger, by ledgerId. */
export const listLedgers: Query<z.infer<typeof parameters>> = {
  name: 'listLedgers',
  models: [ledgers],
  parameters,
  paging: listPaging,
  answer: (moment) =>
    list(moment, {
      model: ledgers,
      where: [],
      orderBy: ['ledgerId'],
      resource: ledgerResource,
    }),
}
