import type { BatchUse } from '#commands/handler/foreign-batches.ts'
import type { SingleJob } from '#commands/handler/job.ts'
import type { LedgerWriters } from '#commands/handler/ledger-writers.ts'
import type { RefusedOutcome } from '#commands/handler/outcome.ts'
import { inFlight, ledgerNotFound } from '#commands/handler/refusals.ts'
import { batchMismatch } from '#commands/handler/replay.ts'
import { orRefusal } from '#commands/handler/store-failures.ts'
import { isOpened } from '#ledger/ledger.ts'
import type { LedgerId } from '#values/ids.ts'

/** An independent batch on its way into its ledger's queue. */
type Batch = BatchUse & { readonly ledgerId: LedgerId; readonly jobs: readonly SingleJob[] }

/**
 * Queues a batch's jobs in the same moment in which its key is found free: nobody gets between. Refuses all of them
 * where the ledger is not there, or the key stands for another request, or soon may.
 */
export async function letIn(
  writers: LedgerWriters,
  { ledgerId, key, fingerprint, jobs }: Batch,
): Promise<RefusedOutcome | undefined> {
  const writer = writers.of(ledgerId)
  const submit = () => writers.submit(ledgerId, jobs)
  const submitAsFirst = () => (writer.awaitsAnother({ key, fingerprint }) ? inFlight : submit())
  if (writer.isNew(key)) return submitAsFirst()
  const keys = [key, ...jobs.map(({ task }) => task.key)]
  const use = await writers.lookUp(ledgerId, keys, (ledger) =>
    isOpened(ledger) ? (ledger.keys.get(key) ?? submitAsFirst()) : ledgerNotFound(ledgerId),
  )
  if (typeof use !== 'bigint') return use
  const mismatch = await orRefusal(batchMismatch(writer.log, { key, fingerprint, revision: use }))
  return mismatch ?? submit()
}
