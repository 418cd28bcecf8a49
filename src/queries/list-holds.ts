import { z } from 'zod'
import type { EntryDocument, HoldDocument } from '#projections/documents.ts'
import { entries } from '#projections/entries.ts'
import { holds } from '#projections/holds.ts'
import { holdResource } from '#projections/resources.ts'
import { equal } from '#queries/equality.ts'
import { inLedger } from '#queries/ledger-moment.ts'
import { list, listFrom, listPaging } from '#queries/listing.ts'
import { anAccountId, aLedgerId, printableText } from '#queries/parameters.ts'
import type { Query } from '#queries/query.ts'
import { scanPageSize } from '#queries/reading.ts'
import { throughEntries } from '#queries/through-entries.ts'
import { touches } from '#queries/touches.ts'

const parameters = z.strictObject({
  ledgerId: aLedgerId,
  status: z.enum(['open', 'captured', 'voided', 'expired']).optional(),
  account: anAccountId.optional(),
  externalReference: printableText.optional(),
})

type Asked = z.infer<typeof parameters>

/** Holds, newest first by holdId. */
export const listHolds: Query<Asked> = {
  name: 'listHolds',
  models: [holds, entries],
  parameters,
  paging: listPaging,
  answer: inLedger((moment, asked) => {
    const { account, status, externalReference } = asked
    const filtered = { ...newestFirst, accept: filterOf(asked) }
    if (externalReference !== undefined)
      return list(moment, { ...filtered, where: equal({ externalReference }) })
    if (account === undefined) return list(moment, { ...newestFirst, where: equal({ status }) })
    const trail = { accountId: account, model: holds, idField, madeWith, readSize: scanPageSize }
    return listFrom(moment, [throughEntries(moment, trail)], filtered)
  }),
}

const idField = 'holdId'

const newestFirst = { model: holds, orderBy: [idField], descending: true, resource: holdResource }

/** Placing a hold reserves on every account of it, at the revision that becomes its id. */
function madeWith(entry: EntryDocument): string | undefined {
  return entry.kind === 'pending' && entry.holdId === entry.revision ? entry.holdId : undefined
}

function filterOf({ account, status }: Asked): (hold: HoldDocument) => boolean {
  return (hold) =>
    (status === undefined || hold.status === status) &&
    (account === undefined || touches(hold.postings, account))
}
