import type { Job } from '#commands/handler/job.ts'
import type { RefusedOutcome } from '#commands/handler/outcome.ts'

export function refuse(job: Job, refusal: RefusedOutcome): void {
  job.settled.resolve(refusal)
}

/** Whether there was a refusal for it. */
export function refused(job: Job, refusal: RefusedOutcome | undefined): boolean {
  if (refusal !== undefined) refuse(job, refusal)
  return refusal !== undefined
}
