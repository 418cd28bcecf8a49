import { acceptedNow } from '#commands/handler/accepted.ts'
import { documentBefore } from '#commands/handler/answers.ts'
import type { AtomicJob, Job, SingleJob, Task } from '#commands/handler/job.ts'
import type { BatchOutcome, Circumstances, Outcome } from '#commands/handler/outcome.ts'
import {
  batchTooLarge,
  bytesMaxOf,
  eventBytesMax,
  eventTooLarge,
  inItem,
  type RefusalData,
  refusalOf,
} from '#commands/handler/rejected.ts'
import { keyUsed, ledgerNotFound, recordedRefusal, unrecorded } from '#commands/handler/refusals.ts'
import { seal, type SealedEvent } from '#commands/handler/seal.ts'
import type { Idempotency, RecordedEvent } from '#events/envelope.ts'
import { currentVersions, type LedgerEvent } from '#events/ledger-event.ts'
import { evolve } from '#ledger/evolve.ts'
import { isOpened, type Ledger } from '#ledger/ledger.ts'
import { appendBytesMax, appendEventsMax } from '#ports/event-store.ts'
import type { Timestamp } from '#values/timestamps.ts'

/** What a job came to, before anything is stored. */
export type Verdict =
  | { readonly kind: 'decided'; settle(): void }
  /** Its key was used before: the outcome is in the log (or will be, once this round is stored). */
  | { readonly kind: 'known'; readonly revision: bigint }
  /** It does not fit into this round any more. */
  | { readonly kind: 'full' }

/** Earlier events that decisions look at, by revision. */
export type Earlier = ReadonlyMap<bigint, RecordedEvent>

type Conditions = {
  readonly now: Timestamp
  readonly writer: string
  readonly earlier: Earlier
}

/**
 * One append in the making: decides jobs in order against the books, evolves them, and collects the events. Nothing of
 * it is stored yet; the journal can take all of it back.
 */
export class Round {
  readonly events: SealedEvent[] = []
  readonly #ledger: Ledger
  readonly #conditions: Conditions
  #bytes = 0

  constructor(ledger: Ledger, conditions: Conditions) {
    this.#ledger = ledger
    this.#conditions = conditions
  }

  /** The revision of the last event that is decided; -1 where there is none. */
  get head(): bigint {
    return this.#ledger.head.revision
  }

  /** @throws whatever a broken rule throws; the round is then as it was before this job. */
  decide(job: Job): Verdict {
    const mark = this.#mark()
    try {
      const verdict = job.kind === 'single' ? this.#single(job) : this.#atomic(job)
      if (this.events.length <= appendEventsMax && this.#bytes <= appendBytesMax) return verdict
    } catch (error) {
      this.#backTo(mark)
      throw error
    }
    this.#backTo(mark)
    return { kind: 'full' }
  }

  /** Takes everything back that is decided: at once, unless that takes several turns. */
  async rehearse(decide: () => Promise<void> | undefined): Promise<void> {
    const mark = this.#mark()
    try {
      const going = decide()
      if (going !== undefined) await going
    } finally {
      this.#backTo(mark)
    }
  }

  /** Decides one task and records what came of it, whatever its key. */
  perform(task: Task, circumstances: Circumstances): Outcome {
    const refusal = this.#notHere(task)
    if (refusal !== undefined) return refusal
    const decision = this.#decide(task)
    if (decision.outcome === 'nothing') return unrecorded('not-due', 'there is nothing to do')
    const idempotency = idempotencyOf(task)
    if (decision.outcome === 'accepted') {
      const sealed = this.#sealed(decision.event, { circumstances, idempotency })
      if (sealed.bytes <= bytesMaxOf(sealed.event.type)) return this.#accepted(sealed)
    }
    const rejection = decision.outcome === 'rejected' ? decision : eventTooLarge
    return this.#rejected(refusalOf(task, rejection), { circumstances, idempotency })
  }

  #single(job: SingleJob): Verdict {
    const known = this.#ledger.keys.get(job.task.key)
    if (known !== undefined) return { kind: 'known', revision: known }
    const outcome = this.perform(job.task, job)
    return { kind: 'decided', settle: () => job.settled.resolve(outcome) }
  }

  #atomic(job: AtomicJob): Verdict {
    const known = this.#ledger.keys.get(job.key)
    if (known !== undefined) return { kind: 'known', revision: known }
    const outcome = this.performAll(job)
    return { kind: 'decided', settle: () => job.settled.resolve(outcome) }
  }

  /** Decides all tasks of an atomic batch, or records why not one of them. */
  performAll(job: AtomicJob): BatchOutcome {
    if (!isOpened(this.#ledger)) return ledgerNotFound(this.#ledger.ledgerId)
    const used = this.#usedKey(job)
    if (used !== undefined) return used
    const mark = this.#mark()
    if (job.tasks.length > appendEventsMax) return this.#refuseAll(job, batchTooLarge)
    const before = this.#bytes
    const items: Outcome[] = []
    for (const [index, task] of job.tasks.entries()) {
      const outcome = this.perform(task, job)
      if (outcome.kind === 'accepted') items.push(outcome)
      else {
        this.#backTo(mark)
        return outcome.revision === undefined
          ? outcome
          : this.#refuseAll(job, inItem(index, outcome))
      }
      // Not only in the end: what is far too large would be decided for long, and all in vain.
      if (this.#bytes - before > appendBytesMax) {
        this.#backTo(mark)
        return this.#refuseAll(job, batchTooLarge)
      }
    }
    return {
      kind: 'batch',
      mode: 'atomic',
      items,
      revision: this.#ledger.head.revision,
      replayed: false,
    }
  }

  #decide(task: Task) {
    return task.command.decide(this.#ledger, task.input, {
      now: this.#conditions.now,
      eventAt: (revision) => this.#eventAt(revision),
    })
  }

  #eventAt(revision: bigint): RecordedEvent | undefined {
    return (
      this.#conditions.earlier.get(revision) ??
      this.events.find((sealed) => sealed.event.revision === revision)?.event
    )
  }

  #notHere(task: Task): Outcome | undefined {
    const opening = task.command.name === 'OpenLedger'
    const { ledgerId } = this.#ledger
    if (opening === !isOpened(this.#ledger)) return undefined
    return opening
      ? unrecorded('ledger-exists', `ledger ${ledgerId} exists`, { context: { ledgerId } })
      : ledgerNotFound(ledgerId)
  }

  #usedKey({ key: batchKey, tasks }: AtomicJob): BatchOutcome | undefined {
    const seen = new Set([batchKey])
    for (const [index, { key }] of tasks.entries()) {
      if (this.#ledger.keys.has(key) || seen.has(key)) return keyUsed(key, index)
      seen.add(key)
    }
    return undefined
  }

  #refuseAll(job: AtomicJob, refusal: Omit<RefusalData, 'command' | 'request'>): BatchOutcome {
    const data = { command: 'ExecuteBatch', request: job.request, ...refusal }
    const idempotency = { fingerprint: job.fingerprint, key: job.key }
    return this.#rejected(data, { circumstances: job, idempotency })
  }

  #accepted(sealed: SealedEvent): Outcome {
    const { event } = sealed
    if (event.type === 'CommandRejected') throw new Error('a refusal is not an answer')
    const outcome = acceptedNow(this.#ledger, event, documentBefore(this.#ledger, event))
    this.#record(sealed)
    return outcome
  }

  #rejected(data: RefusalData, stamp: Stamp) {
    const whole = this.#sealed({ type: 'CommandRejected', data }, stamp)
    const { request: _, ...rest } = data
    const sealed =
      whole.bytes <= eventBytesMax
        ? whole
        : this.#sealed({ type: 'CommandRejected', data: rest }, stamp)
    this.#record(sealed)
    if (sealed.event.type !== 'CommandRejected') throw new Error('a refusal changed its type')
    return recordedRefusal(sealed.event, false)
  }

  #sealed(fact: LedgerEvent, { circumstances, idempotency }: Stamp): SealedEvent {
    const { actor, correlationId, causationId } = circumstances
    return seal({
      ...fact,
      schemaVersion: currentVersions[fact.type],
      ledgerId: this.#ledger.ledgerId,
      revision: this.#ledger.head.revision + 1n,
      recordedAt: this.#conditions.now,
      actor,
      correlationId,
      causationId,
      writer: this.#conditions.writer,
      idempotency,
    })
  }

  #record(sealed: SealedEvent): void {
    evolve(this.#ledger, sealed.event)
    this.events.push(sealed)
    this.#bytes += sealed.bytes
  }

  #mark(): Mark {
    return {
      journal: this.#ledger.journal.mark(),
      events: this.events.length,
      bytes: this.#bytes,
    }
  }

  #backTo(mark: Mark): void {
    this.#ledger.journal.undoTo(mark.journal)
    this.events.length = mark.events
    this.#bytes = mark.bytes
  }
}

type Mark = { readonly journal: number; readonly events: number; readonly bytes: number }

type Stamp = { readonly circumstances: Circumstances; readonly idempotency: Idempotency }

function idempotencyOf({ key, fingerprint, batch }: Task): Idempotency {
  return { ...(batch && { batch }), fingerprint, key }
}
