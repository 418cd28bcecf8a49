import { acceptedBefore } from '#commands/handler/accepted.ts'
import { EarlierDocuments } from '#commands/handler/earlier-documents.ts'
import type { Job } from '#commands/handler/job.ts'
import type { LogReader } from '#commands/handler/log-reader.ts'
import type { BatchOutcome, Outcome, RefusedOutcome } from '#commands/handler/outcome.ts'
import { recordedRefusal, unrecorded } from '#commands/handler/refusals.ts'
import { orRefusal } from '#commands/handler/store-failures.ts'
import type { Slices } from '#commands/handler/slices.ts'
import type { Idempotency, RecordedEvent } from '#events/envelope.ts'
import { commandOf } from '#projections/commands.ts'

/** A key that was used before, what it is used for now, and where. */
export type Reuse = {
  readonly key: string
  readonly fingerprint: string
  readonly revision: bigint
}

/**
 * The replays of one ledger, one after the other: what one reads of the log the next need not read again, for as long as any
 * of them waits.
 */
export class Replays {
  readonly #log: LogReader
  readonly #slices: Slices
  #source: Source | undefined
  #waiting = 0
  #last: Promise<void> = Promise.resolve()

  constructor(log: LogReader, slices: Slices) {
    this.#log = log
    this.#slices = slices
  }

  /** Settles a job with what its key came to before. */
  add(job: Job, revision: bigint): void {
    if (this.#waiting === 0) this.#slices.begin()
    this.#waiting += 1
    this.#last = this.#last.then(() => this.#next(job, revision))
  }

  async #next(job: Job, revision: bigint): Promise<void> {
    if (this.#slices.isOver) await this.#slices.next()
    this.#source ??= { log: this.#log, documents: new EarlierDocuments(this.#log) }
    await settle(this.#source, job, revision)
    this.#waiting -= 1
    if (this.#waiting === 0) this.#source = undefined
  }
}

type Source = { readonly log: LogReader; readonly documents: EarlierDocuments }

function settle(source: Source, job: Job, revision: bigint): Promise<void> {
  if (job.kind === 'atomic') {
    const { key, fingerprint, settled } = job
    const reuse = { key, fingerprint, revision }
    return orRefusal(replayAtomic(source, reuse)).then(settled.resolve, settled.reject)
  }
  const { task, settled } = job
  const reuse = { key: task.key, fingerprint: task.fingerprint, revision }
  return orRefusal(replay(source, reuse)).then(settled.resolve, settled.reject)
}

/** The first outcome again, or a mismatch where the request is another one. */
async function replay({ log, documents }: Source, reuse: Reuse): Promise<Outcome> {
  const event = await firstUse(log, reuse)
  return mismatch(event, reuse) ?? replayed(documents, event)
}

/** The same for the key of an atomic batch. */
async function replayAtomic({ log, documents }: Source, reuse: Reuse): Promise<BatchOutcome> {
  const first = await firstUse(log, reuse)
  const refusal = mismatch(first, reuse)
  if (refusal !== undefined) return refusal
  if (first.type === 'CommandRejected') return recordedRefusal(first, true)
  const size = first.idempotency.batch?.size ?? 1
  const events = await log.range(first.revision, size)
  const items: Outcome[] = []
  for (const event of events) items.push(await replayed(documents, event))
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

async function replayed(documents: EarlierDocuments, event: RecordedEvent): Promise<Outcome> {
  if (event.type === 'CommandRejected') return recordedRefusal(event, true)
  return acceptedBefore(event, await documents.before(event))
}
