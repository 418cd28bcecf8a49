import type { Answer, Moment } from '#queries/query.ts'
import { ledgerNotFound } from '#queries/refusals.ts'
import type { LedgerId } from '#values/ids.ts'

/** A moment of one ledger of which something has been applied. */
export type LedgerMoment = Moment & { readonly ledgerId: LedgerId; readonly revision: bigint }

/** Makes the answer of a question about one ledger: where nothing of it was applied there is no such ledger. */
export function inLedger<Parameters extends { readonly ledgerId: LedgerId }>(
  answer: (moment: LedgerMoment, parameters: Parameters) => Promise<Answer>,
): (moment: Moment, parameters: Parameters) => Promise<Answer> {
  return async (moment, parameters) => {
    const { ledgerId } = parameters
    const { revision } = moment
    if (revision === undefined || revision < 0n) return ledgerNotFound(ledgerId)
    return answer({ ...moment, ledgerId, revision }, parameters)
  }
}
