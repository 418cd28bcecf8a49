import { z } from 'zod'
import { holds } from '#projections/holds.ts'
import { holdResource } from '#projections/resources.ts'
import { inLedger } from '#queries/ledger-moment.ts'
import { aLedgerId, aRevisionId } from '#queries/parameters.ts'
import type { Query } from '#queries/query.ts'
import { getFrom } from '#queries/reading.ts'
import { holdNotFound } from '#queries/refusals.ts'

const parameters = z.strictObject({ ledgerId: aLedgerId, holdId: aRevisionId })

/** One hold and what became of it. */
export const getHold: Query<z.infer<typeof parameters>> = {
  name: 'getHold',
  models: [holds],
  parameters,
  answer: inLedger(async ({ view }, asked) => {
    const found = await getFrom(view, holds, asked.holdId)
    if (found === undefined) return holdNotFound(asked.holdId)
    return { kind: 'one', data: holdResource(found.document) }
  }),
}
