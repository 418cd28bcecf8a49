import { appendSurely } from '#commands/handler/append.ts'
import { LedgerMemory, type Standing } from '#commands/handler/books/ledger-memory.ts'
import { Courtesy } from '#commands/handler/courtesy.ts'
import { answerJobs, decideJobs } from '#commands/handler/decide-jobs.ts'
import { type BatchUse, foreignBatches, isOfAnother } from '#commands/handler/foreign-batches.ts'
import { type Job, mayWriteNothing, revisionsSeenBy, tasksOf } from '#commands/handler/job.ts'
import { LogReader } from '#commands/handler/log-reader.ts'
import type { RefusedOutcome } from '#commands/handler/outcome.ts'
import { refuse, refused, refuseWhileUnknown } from '#commands/handler/refuse-job.ts'
import { clockJumped, outcomeUnknown } from '#commands/handler/refusals.ts'
import { type Rehearsal, runRehearsal, runWithoutTime } from '#commands/handler/rehearsal.ts'
import { Replays } from '#commands/handler/replay.ts'
import { type Earlier, Round } from '#commands/handler/round.ts'
import { isExpected, refusalFor } from '#commands/handler/store-failures.ts'
import type { WriterParts } from '#commands/handler/writer-parts.ts'
import { isOpened, type Ledger, unopenedLedger } from '#ledger/ledger.ts'
import { appendEventsMax, WrongExpectedRevision } from '#ports/event-store.ts'
import type { LedgerId } from '#values/ids.ts'

// A conflict means that another process wrote; each attempt decides anew after reading what it wrote.
const conflictsMax = 20

/**
 * The one writer of a ledger in this process: takes what waits in its queue, decides it in order against the books in
 * memory, stores it as one append at the exact expected revision, and answers after that is durable.
 */
export class LedgerWriter {
  readonly log: LogReader
  readonly #parts: WriterParts
  readonly #replays: Replays
  readonly #ledgerId: LedgerId
  readonly #rested: () => void
  readonly #memory: LedgerMemory
  #ledger: Ledger
  #hydrated = false
  #queue: Job[] = []
  #rehearsals: Rehearsal[] = []
  #conflicts = 0
  readonly #courtesy: Courtesy
  #running: Promise<void> | undefined

  /** `rested` is told whenever nothing waits any more. */
  constructor(ledgerId: LedgerId, parts: WriterParts, rested: () => void) {
    this.#ledgerId = ledgerId
    this.#parts = parts
    this.#rested = rested
    this.log = new LogReader(parts, ledgerId)
    this.#replays = new Replays(this.log, parts.slices)
    this.#courtesy = new Courtesy(parts.pace)
    this.#memory = new LedgerMemory({ ...parts, ledgerId, log: this.log })
    this.#ledger = unopenedLedger(ledgerId)
  }

  /** Whether the ledger was there when last looked at. */
  get opened(): boolean {
    return isOpened(this.#ledger)
  }

  /** Whether nothing is lost with it: there was no ledger when last looked at, and its cache may still be believed. */
  get blank(): boolean {
    return !this.opened && !this.#memory.distrusted
  }

  /** Queues jobs, in order; each is settled once. */
  submit(jobs: readonly Job[]): void {
    this.#queue.push(...jobs)
    this.#start()
  }

  /** Runs at the next moment when the books hold exactly what is stored. */
  rehearse(rehearsal: Rehearsal): void {
    this.#rehearsals.push(rehearsal)
    this.#start()
  }

  /** Whether the ledger is known to exist and a key to be unused in it; if not so, it has to be looked up. */
  isNew(key: string): boolean {
    return this.#hydrated && this.opened && this.#memory.surelyLacks(this.#ledger, key)
  }

  /** Whether a batch's key waits here for something else, of which it was said that nobody knows whether it is stored. */
  awaitsAnother(use: BatchUse): boolean {
    return this.#queue.some((job) => isOfAnother(job, use))
  }

  /** Whether nothing waits, and the books hold exactly what is stored. */
  get resting(): boolean {
    return this.#running === undefined
  }

  /** How far the ledger has come, for what that is kept of it and takes in memory. */
  get standing(): Standing {
    return this.#memory.standing(this.#ledger)
  }

  /** Has the books kept, while it rests; never rejects. */
  keep(): Promise<void> {
    return this.#memory.keep(this.#ledger)
  }

  /** Resolves once nothing waits. */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      if (this.#queue.length > 0 || this.#rehearsals.length > 0) this.#start()
      else this.#rested()
    })
  }

  async #run(): Promise<void> {
    // One turn of the event loop: requests that arrived together are decided together.
    await this.#parts.pace.turn()
    while (this.#queue.length > 0 || this.#rehearsals.length > 0) await this.#turn()
  }

  async #turn(): Promise<void> {
    try {
      await this.#round()
    } catch (error) {
      this.#giveUp(error)
    }
  }

  async #round(): Promise<void> {
    // What arrives while the log is read waits for the next round: others may have stored something since that read.
    const askedMax = Math.min(this.#queue.length, appendEventsMax)
    const rehearsals = [...this.#rehearsals]
    if (this.#mayBeBehind()) await this.#catchUp()
    const jobs = this.#queue.slice(0, askedMax)
    const earlier = await this.log.pick(this.#ledger.head.revision, [
      ...jobs.flatMap(tasksOf).flatMap(revisionsSeenBy),
      ...rehearsals.flatMap(({ looksAt }) => looksAt),
    ])
    const trying = rehearsals.length > 0 ? this.#begin(earlier) : undefined
    if (trying instanceof Round) await this.#tryOut(rehearsals, trying)
    const round = this.#begin(earlier)
    if (!(round instanceof Round))
      return this.#onlyAnswer(round, askedMax, trying instanceof Round ? [] : rehearsals)
    const settlements = decideJobs(round, jobs, this.#replays)
    const taken = this.#queue.splice(0, settlements.length)
    if (!(await this.#stored(round, taken))) return
    for (const settle of settlements) settle()
    this.#memory.grown(this.#ledger)
    if (round.events.length > 0) await this.#courtesy.letOthersGo()
  }

  /** A round as of now; a refusal where the clock is not believed. */
  #begin(earlier: Earlier): Round | RefusedOutcome {
    const reading = this.#parts.clock.read(this.#ledgerId, this.#ledger.head.recordedAt)
    if ('distrust' in reading) return clockJumped(reading.distrust)
    return new Round(this.#ledger, { now: reading.now, writer: this.#parts.writer, earlier })
  }

  /** Nothing is decided while one is tried out, in however many turns of the event loop; jobs go between two slices. */
  async #tryOut(rehearsals: readonly Rehearsal[], round: Round): Promise<void> {
    this.#parts.slices.begin()
    for (const rehearsal of rehearsals) {
      this.#rehearsals.shift()
      await runRehearsal(rehearsal, round, this.#ledger)
      if (rehearsal !== rehearsals.at(-1) && this.#parts.slices.isOver)
        return this.#parts.slices.next()
    }
  }

  /** A round in which nothing is decided: what was decided before is answered, by whichever process. */
  async #onlyAnswer(refusal: RefusedOutcome, askedMax: number, rehearsals: readonly Rehearsal[]) {
    await this.#catchUp()
    for (const rehearsal of rehearsals) {
      this.#rehearsals.shift()
      runWithoutTime(rehearsal, this.#ledger, refusal)
    }
    const jobs = this.#queue.slice(0, askedMax)
    const settlements = answerJobs({ ledger: this.#ledger, replays: this.#replays }, jobs, refusal)
    this.#queue.splice(0, settlements.length)
    for (const settle of settlements) settle()
  }

  /** Whether the round is durable. If not, the books are as they were and its jobs are queued again or refused. */
  async #stored(round: Round, taken: readonly Job[]): Promise<boolean> {
    if (round.events.length === 0) return true
    try {
      const append = { events: round.events, log: this.log }
      // Nothing is decided before the outcome is known.
      await appendSurely(this.#parts, append, () =>
        refuseWhileUnknown(taken, [...this.#queue.splice(0), ...this.#rehearsals.splice(0)]),
      )
      this.#ledger.journal.clear()
      this.#conflicts = 0
      return true
    } catch (error) {
      this.#ledger.journal.undoTo(0)
      await this.#afterFailure(error, taken)
      return false
    }
  }

  async #afterFailure(error: unknown, taken: readonly Job[]): Promise<void> {
    if (error instanceof WrongExpectedRevision && this.#conflicts < conflictsMax) {
      this.#conflicts += 1
      this.#queue.unshift(...taken)
      await this.#courtesy.afterConflict(this.#conflicts)
      return this.#catchUp()
    }
    this.#conflicts = 0
    this.#hydrated = false
    this.#tell('warn', error, 'an append failed')
    // A failure of no known kind says nothing about what was stored.
    for (const job of taken) refuse(job, isExpected(error) ? refusalFor(error) : outcomeUnknown)
    if (!isExpected(error)) throw error
  }

  /** An append is fenced. What is tried out, may write nothing, or finds no ledger would not notice what others wrote. */
  #mayBeBehind(): boolean {
    const next = this.#queue.slice(0, appendEventsMax)
    const isKnown = this.#hydrated && this.opened
    return !isKnown || this.#rehearsals.length > 0 || next.some(mayWriteNothing)
  }

  /** Brings the books up to what is stored, and refuses what was let in only because they were behind. */
  async #catchUp(): Promise<void> {
    this.#ledger.journal.undoTo(0)
    const since = this.#ledger.head.revision + 1n
    if (since === 0n) this.#ledger = await this.#memory.begin()
    this.#ledger = await this.#memory.catchUp(this.#ledger)
    this.#hydrated = true
    const news = { ledger: this.#ledger, log: this.log, since }
    const refusals = await foreignBatches(this.#queue, news)
    this.#queue = this.#queue.filter((job) => !refused(job, refusals.get(job)))
  }

  /** A failure outside any decision (the log can't be read, or contradicts itself): nobody waits for ever. */
  #giveUp(error: unknown): void {
    this.#tell('error', error, 'a ledger writer failed')
    this.#memory.failed(error)
    // Where the store was only away, the books are right as far as they go; a long log is not read anew.
    if (!isExpected(error)) this.#ledger = unopenedLedger(this.#ledgerId)
    this.#hydrated = false
    const refusal = refusalFor(error)
    for (const rehearsal of this.#rehearsals.splice(0)) rehearsal.refuse(refusal)
    for (const job of this.#queue.splice(0)) refuse(job, refusal)
  }

  #tell(level: 'warn' | 'error', error: unknown, message: string): void {
    this.#parts.failures.tell({ level, error, message, context: { ledgerId: this.#ledgerId } })
  }
}
