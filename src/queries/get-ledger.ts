import { z } from 'zod'
import { ledgers } from '#projections/ledgers.ts'
import { ledgerResource } from '#projections/resources.ts'
import { inLedger } from '#queries/ledger-moment.ts'
import { aLedgerId } from '#queries/parameters.ts'
import type { Query } from '#queries/query.ts'
import { getFrom } from '#queries/reading.ts'
import { ledgerNotFound } from '#queries/refusals.ts'

const parameters = z.strictObject({ ledgerId: aLedgerId })

/** One ledger: its name, its assets, how far it has come. */
export const getLedger: Query<z.infer<typeof parameters>> = {
  name: 'getLedger',
  models: [ledgers],
  parameters,
  answer: inLedger(async ({ view, ledgerId }) => {
    const found = await getFrom(view, ledgers, ledgerId)
    if (found === undefined) return ledgerNotFound(ledgerId)
    return { kind: 'one', data: ledgerResource(found.document) }
  }),
}
