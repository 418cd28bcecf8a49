import { z } from 'zod'
import { commands } from '#projections/commands.ts'
import { inLedger } from '#queries/ledger-moment.ts'
import { listPaging } from '#queries/listing.ts'
import { aLedgerId } from '#queries/parameters.ts'
import type { Query } from '#queries/query.ts'
import { findIn } from '#queries/reading.ts'
import { pageOfRevisions, revisionsAfter } from '#queries/revision-pages.ts'

const typesMax = 50

const eventTypes = z
  .string()
  .regex(/^[A-Za-z]{1,64}(,[A-Za-z]{1,64})*$/, 'types are event types joined by commas')
  .transform((text) => [...new Set(text.split(','))])
  .refine((list) => list.length <= typesMax, `at most ${typesMax} types`)

const parameters = z.strictObject({ ledgerId: aLedgerId, types: eventTypes })

/** The revisions of all events of some types, ascending; the keyset is one revision, exclusive. */
export const eventRevisionsByType: Query<z.infer<typeof parameters>> = {
  name: 'eventRevisionsByType',
  models: [commands],
  parameters,
  paging: listPaging,
  answer: inLedger(async (moment, { types }) => {
    const limit = moment.page.limit + 1
    const revisions: bigint[] = []
    for (const type of types) {
      const found = await findIn(moment.view, commands, {
        where: [{ field: 'event', is: type }, ...revisionsAfter(moment)],
        orderBy: ['revision'],
        limit,
      })
      for (const { document } of found) revisions.push(BigInt(document.revision))
    }
    const ascending = revisions.toSorted((a, b) => (a < b ? -1 : 1))
    return pageOfRevisions(ascending.map(String), moment.page.limit)
  }),
}
