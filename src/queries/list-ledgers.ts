import { z } from 'zod'
import { ledgers } from '#projections/ledgers.ts'
import { ledgerResource } from '#projections/resources.ts'
import { type Listing, list, listPaging } from '#queries/listing.ts'
import type { Query } from '#queries/query.ts'
import type { ReadView } from '#ports/read-models.ts'
import type { LedgerDocument } from '#projections/documents.ts'

const parameters = z.strictObject({})

/**
 * Every ledger, by ledgerId. One that is parked is shown as it was before that, and the line says so: it can't be refused
 * without all the others. What is parked before anything was applied has no line. Nor can one whose document is damaged be
 * refused: of it there is but the id, and the line says so, too.
 */
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
      notes: parkedIn(moment.view),
    }),
}

function parkedIn(view: ReadView): Required<Listing<LedgerDocument>>['notes'] {
  return async (shown) => {
    const parked = await view.parked(
      ledgers,
      shown.map(({ ledgerId }) => ledgerId),
    )
    return ({ ledgerId }) => {
      const at = parked.get(ledgerId)
      return at === undefined
        ? {}
        : { parked: { revision: at.revision.toString(), reason: at.reason } }
    }
  }
}
