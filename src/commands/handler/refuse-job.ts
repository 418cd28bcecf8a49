import { type Job, keysOf } from '#commands/handler/job.ts'
import type { RefusedOutcome } from '#commands/handler/outcome.ts'
import { inFlight, outcomeUnknown, waitedTooLong } from '#commands/handler/refusals.ts'
import type { Rehearsal } from '#commands/handler/rehearsal.ts'

export function refuse(job: Job, refusal: RefusedOutcome): void {
  job.settled.resolve(refusal)
}

/** Whether there was a refusal for it. */
export function refused(job: Job, refusal: RefusedOutcome | undefined): boolean {
  if (refusal !== undefined) refuse(job, refusal)
  return refusal !== undefined
}

/** Of an append whose outcome is not known: its jobs may be stored, what waits under other keys is certainly not. */
export function refuseWhileUnknown(
  taken: readonly Job[],
  waiting: readonly (Job | Rehearsal)[],
): void {
  for (const job of taken) refuse(job, outcomeUnknown)
  const underWay = new Set(taken.flatMap(keysOf))
  const refusalOf = (keys: readonly string[]) =>
    keys.some((key) => underWay.has(key)) ? inFlight : waitedTooLong
  for (const each of waiting)
    if ('settled' in each) refuse(each, refusalOf(keysOf(each)))
    else each.refuse(refusalOf(each.keys))
}
