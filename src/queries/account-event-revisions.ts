import { z } from 'zod'
import { entries } from '#projections/entries.ts'
import { inLedger } from '#queries/ledger-moment.ts'
import { listPaging } from '#queries/listing.ts'
import { anAccountId, aLedgerId } from '#queries/parameters.ts'
import type { Query } from '#queries/query.ts'
import { pages } from '#queries/reading.ts'
import { pageOfRevisions, revisionsAfter } from '#queries/revision-pages.ts'

const parameters = z.strictObject({ ledgerId: aLedgerId, accountId: anAccountId })

/** The revisions of all events that touched an account, ascending; the keyset is one revision, exclusive. */
export const accountEventRevisions: Query<z.infer<typeof parameters>> = {
  name: 'accountEventRevisions',
  models: [entries],
  parameters,
  paging: listPaging,
  answer: inLedger(async (moment, { accountId }) => {
    const { limit } = moment.page
    const revisions = new Set<string>()
    const find = {
      where: [{ field: 'accountId', is: accountId }, ...revisionsAfter(moment)],
      orderBy: ['revision'],
      limit: limit + 1,
    }
    for await (const page of pages(moment.view, entries, find)) {
      for (const { document } of page) revisions.add(document.revision)
      if (revisions.size > limit) break
    }
    return pageOfRevisions([...revisions], limit)
  }),
}
