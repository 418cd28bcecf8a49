import {
  type AcceptedEvent,
  answerTo,
  type Before,
  documentAfter,
} from '#commands/handler/answers.ts'
import type { Job } from '#commands/handler/job.ts'
import type { LogReader } from '#commands/handler/log-reader.ts'
import type { BatchOutcome, Outcome, RefusedOutcome } from '#commands/handler/outcome.ts'
import { recordedRefusal, unrecorded } from '#commands/handler/refusals.ts'
import type { Idempotency, RecordedEvent } from '#events/envelope.ts'
import { commandOf } from '#projections/commands.ts'

/** A key that was used before, what it is used for now, and where. */
export type Reuse = {
  readonly key: string
  readonly fingerprint: string
  readonly revision: bigint
}

/** Settles a job with what its key came to before. */
export function replayJob(job: Job, log: LogReader, revision: bigint): void {
  if (job.kind === 'atomic') {
    const { key, fingerprint, settled } = job
    replayAtomic(log, { key, fingerprint, revision }).then(settled.resolve, settled.reject)
  } else {
    const { key, fingerprint } = job.task
    replay(log, { key, fingerprint, revision }).then(job.settled.resolve, job.settled.reject)
  }
}

/** The first outcome again, or a mismatch where the request is another one. */
async function replay(log: LogReader, reuse: Reuse): Promise<Outcome> {
  const event = await firstUse(log, reuse)
  return mismatch(event, reuse) ?? replayed(log, event)
}

/** The same for the key of an atomic batch. */
async function replayAtomic(log: LogReader, reuse: Reuse): Promise<BatchOutcome> {
  const first = await firstUse(log, reuse)
  const refusal = mismatch(first, reuse)
  if (refusal !== undefined) return refusal
  if (first.type === 'CommandRejected') return recordedRefusal(first, true)
  const size = first.idempotency.batch?.size ?? 1
  const events = await log.range(first.revision, size)
  const items: Outcome[] = []
  for (const event of events) items.push(await replayed(log, event))
  const revision = first.revision + BigInt(size) - 1n
  return { kind: 'batch', mode: 'atomic', items, revision, replayed: true }
}

/** Refuses a batch's key that stands for another request. */
export async function batchMismatch(
  log: LogReader,
  reuse: Reuse,
): Promise<RefusedOutcome | undefined> {
  return mismatch(await firstUse(log, reuse), reuse)
}

async function firstUse(log: LogReader, { revision }: Reuse): Promise<RecordedEvent> {
  const event = await log.at(revision)
  if (event === undefined) throw new Error(`revision ${revision} of a known key is missing`)
  return event
}

function mismatch(event: RecordedEvent, { key, fingerprint }: Reuse): RefusedOutcome | undefined {
  const use = useOf(event.idempotency, key)
  if (use.fingerprint === fingerprint) return undefined
  const { revision, recordedAt } = event
  const command = use.ofBatch ? 'ExecuteBatch' : commandOf(event)
  return unrecorded('idempotency-key-mismatch', 'this key was used for another request', {
    context: { command, revision: revision.toString(), recordedAt },
  })
}

function useOf(idempotency: Idempotency, key: string): { fingerprint: string; ofBatch: boolean } {
  const { batch } = idempotency
  return idempotency.key === key || batch === undefined
    ? { fingerprint: idempotency.fingerprint, ofBatch: false }
    : { fingerprint: batch.fingerprint, ofBatch: true }
}

async function replayed(log: LogReader, event: RecordedEvent): Promise<Outcome> {
  if (event.type === 'CommandRejected') return recordedRefusal(event, true)
  const before = await documentBeforeFromLog(log, event)
  const data = answerTo(event, before)
  return { kind: 'accepted', event: event.type, data, revision: event.revision, replayed: true }
}

async function documentBeforeFromLog(log: LogReader, event: AcceptedEvent): Promise<Before> {
  const earlier = (await log.history(event)).slice(0, -1)
  return earlier.reduce<Before>(
    (document, step) =>
      step.type === 'CommandRejected' ? document : documentAfter(step, document),
    undefined,
  )
}
