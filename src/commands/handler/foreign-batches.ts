import { givesOutcomeTo, type Job } from '#commands/handler/job.ts'
import type { LogReader } from '#commands/handler/log-reader.ts'
import type { RefusedOutcome } from '#commands/handler/outcome.ts'
import { batchMismatch } from '#commands/handler/replay.ts'
import type { Ledger } from '#ledger/ledger.ts'

/** The books after another process wrote, and the revision from which on they are new. */
export type News = { readonly ledger: Ledger; readonly log: LogReader; readonly since: bigint }

/**
 * The waiting commands of independent batches whose batch's key another process has just used for another request,
 * each with its refusal: what was let in while that was not known here yet.
 */
export async function foreignBatches(
  jobs: readonly Job[],
  { ledger, log, since }: News,
): Promise<ReadonlyMap<Job, RefusedOutcome>> {
  const refusals = new Map<Job, RefusedOutcome>()
  const byKey = new Map<string, RefusedOutcome | undefined>()
  for (const job of jobs) {
    const batch = job.kind === 'single' ? job.task.batch : undefined
    const revision = batch && ledger.keys.get(batch.key)
    if (batch === undefined || revision === undefined || revision < since) continue
    const { key, fingerprint } = batch
    if (!byKey.has(key)) byKey.set(key, await batchMismatch(log, { key, fingerprint, revision }))
    const refusal = byKey.get(key)
    if (refusal !== undefined) refusals.set(job, refusal)
  }
  return refusals
}

/** The key of an independent batch, and what it is to stand for. */
export type BatchUse = { readonly key: string; readonly fingerprint: string }

/** Whether a job is about to give the key an outcome, and not as a command of this batch. */
export function isOfAnother(job: Job, { key, fingerprint }: BatchUse): boolean {
  const batch = job.kind === 'single' ? job.task.batch : undefined
  return batch?.key === key ? batch.fingerprint !== fingerprint : givesOutcomeTo(job, key)
}
