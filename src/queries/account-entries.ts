import { z } from 'zod'
import type { EntryDocument } from '#projections/documents.ts'
import { entries } from '#projections/entries.ts'
import { entryResource } from '#projections/resources.ts'
import { wasOpened } from '#queries/account-history.ts'
import { equal } from '#queries/equality.ts'
import { inLedger } from '#queries/ledger-moment.ts'
import { list, listPaging } from '#queries/listing.ts'
import { anAccountId, anAsset, aLedgerId, span, within } from '#queries/parameters.ts'
import type { Query } from '#queries/query.ts'
import { accountNotFound } from '#queries/refusals.ts'
import type { JsonObject } from '#values/json.ts'

const parameters = z.strictObject({
  ledgerId: aLedgerId,
  accountId: anAccountId,
  asset: anAsset.optional(),
  ...span,
  order: z.enum(['asc', 'desc']).optional(),
})

/** What was posted to an account in the order of the log, oldest first unless `order` says `desc`. */
export const accountEntries: Query<z.infer<typeof parameters>> = {
  name: 'accountEntries',
  models: [entries],
  parameters,
  paging: listPaging,
  answer: inLedger(async (moment, asked) => {
    const { accountId, asset, order } = asked
    const { view, revision } = moment
    const page = await list(moment, {
      model: entries,
      where: equal({ accountId, asset }),
      orderBy: ['revision'],
      descending: order === 'desc',
      accept: (entry) => entry.kind === 'posting' && within(asked, entry.effectiveAt),
      resource: resourceOf,
    })
    if (page.kind === 'page' && Array.isArray(page.data) && page.data.length > 0) return page
    // Only an account without entries may be one that was never opened.
    return (await wasOpened(view, { accountId, revision })) ? page : accountNotFound(accountId)
  }),
}

function resourceOf(entry: EntryDocument): JsonObject {
  if (entry.kind !== 'posting') throw new TypeError(`a ${entry.kind} entry is not shown`)
  return entryResource(entry)
}
