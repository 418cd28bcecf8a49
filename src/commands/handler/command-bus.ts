import { inSum } from '#commands/handler/batch-outcome.ts'
import { atomicJob, batchTasks, independentJob, isTask } from '#commands/handler/batch-tasks.ts'
import { ClockAlarm } from '#commands/handler/clock-alarm.ts'
import { ClockMarking } from '#commands/handler/clock-marking.ts'
import { type Bounds, CommandRoom, type Load } from '#commands/handler/command-room.ts'
import { type DryRunOf, rehearseBatch, rehearseCommand } from '#commands/handler/dry-run.ts'
import { FailureLines } from '#commands/handler/failure-lines.ts'
import { revisionsSeenBy, singleJob, type Task, taskOf } from '#commands/handler/job.ts'
import { letIn } from '#commands/handler/let-in.ts'
import type { Keeping } from '#commands/handler/books/ledger-memory.ts'
import { LedgerWriters } from '#commands/handler/ledger-writers.ts'
import {
  defaultMemoryBounds,
  LedgersInMemory,
  type MemoryBounds,
} from '#commands/handler/ledgers-in-memory.ts'
import type {
  BatchOutcome,
  BatchRequest,
  CommandBus,
  CommandRequest,
  DryRun,
  DueHold,
  Outcome,
  RefusedOutcome,
} from '#commands/handler/outcome.ts'
import { randomId } from '#commands/handler/random-id.ts'
import { inFlight, ledgerNotFound } from '#commands/handler/refusals.ts'
import type { Round } from '#commands/handler/round.ts'
import { Slices } from '#commands/handler/slices.ts'
import { UnderWay } from '#commands/handler/under-way.ts'
import type { MalformedItem } from '#commands/parse-command.ts'
import { isOpened, type Ledger } from '#ledger/ledger.ts'
import type { Clock, ClockMarks } from '#ports/clock.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'
import { type Pace, systemPace } from '#ports/pace.ts'
import type { LedgerId } from '#values/ids.ts'
import type { Timestamp } from '#values/timestamps.ts'

const defaultBounds: Bounds = { commandsMax: 20_000, bytesMax: 64 * 1024 * 1024 }

/**
 * Opens the write side over an event store. Disposing it takes no more and waits for what was accepted. `writer` is this
 * process's id in every event that it writes: random, unless a test says otherwise.
 */
export function openCommandBus(parts: {
  readonly store: EventStore
  readonly clock: Clock
  /** Where there are none, a clock that was wrong before the start is believed. */
  readonly clockMarks?: ClockMarks | undefined
  readonly logger: Logger
  readonly bounds?: Bounds
  readonly memory?: MemoryBounds
  /** Where there is none, every start folds whole logs. */
  readonly keeping?: Keeping | undefined
  readonly pace?: Pace
  readonly writer?: string
}): CommandBus {
  const { store, logger, keeping, bounds = defaultBounds, memory = defaultMemoryBounds } = parts
  const { pace = systemPace, writer = randomId(), clockMarks: marks } = parts
  const monotonic = () => parts.clock.monotonic()
  const failures = new FailureLines(logger, monotonic)
  const clock = new ClockAlarm({ clock: parts.clock, logger, failures, mark: marks?.last })
  const inMemory = new LedgersInMemory(memory, monotonic, pace)
  const slices = new Slices({ monotonic, pace })
  const shared = { slices, store, logger, failures, clock, pace, keeping, writer }
  return new Bus({
    writers: new LedgerWriters(shared, inMemory),
    clock,
    marking: marks && new ClockMarking({ clock, marks, logger, pace }),
    room: new CommandRoom(bounds),
    underWay: new UnderWay(pace),
  })
}

type BusParts = {
  readonly writers: LedgerWriters
  readonly clock: ClockAlarm
  readonly marking: ClockMarking | undefined
  readonly room: CommandRoom
  readonly underWay: UnderWay
}

class Bus implements CommandBus {
  readonly #writers: LedgerWriters
  readonly #clock: ClockAlarm
  readonly #marking: ClockMarking | undefined
  readonly #room: CommandRoom
  readonly #underWay: UnderWay

  constructor({ writers, clock, marking, room, underWay }: BusParts) {
    this.#writers = writers
    this.#clock = clock
    this.#marking = marking
    this.#room = room
    this.#underWay = underWay
  }

  async execute(request: CommandRequest): Promise<Outcome> {
    const { task } = taskOf(request.item, request.key)
    const job = singleJob(request, task)
    return this.#once(
      request,
      loadOf(task),
      async () => this.#writers.submit(request.ledgerId, [job]) ?? job.settled.promise,
    )
  }

  async executeBatch(request: BatchRequest): Promise<BatchOutcome> {
    const { tasks, fingerprint, load } = batchTasks(request)
    return this.#once(request, load, () =>
      request.mode === 'atomic'
        ? this.#atomic(request, tasks, fingerprint)
        : this.#independent(request, tasks, fingerprint),
    )
  }

  async dryRun(request: CommandRequest): Promise<DryRun<Outcome>> {
    const { task } = taskOf(request.item, request.key)
    return this.#rehearse(request.ledgerId, {
      load: loadOf(task),
      looksAt: revisionsSeenBy(task),
      decide: (round) => rehearseCommand(round, request),
    })
  }

  async dryRunBatch(request: BatchRequest): Promise<DryRun<BatchOutcome>> {
    const { tasks, load } = batchTasks(request)
    return this.#rehearse(request.ledgerId, {
      load,
      looksAt: tasks.filter(isTask).flatMap(revisionsSeenBy),
      decide: (round, ledger, slices) =>
        isOpened(ledger) ? rehearseBatch(round, request, slices) : ledgerNotFound(request.ledgerId),
    })
  }

  dueHolds(ledgerId: LedgerId, now: Timestamp): Promise<readonly DueHold[] | RefusedOutcome> {
    return this.#writers.ask(ledgerId, ({ openHolds }) =>
      [...openHolds.values()].flatMap(({ holdId, expiresAt }) =>
        expiresAt !== undefined && expiresAt <= now ? [{ ledgerId, holdId, expiresAt }] : [],
      ),
    )
  }

  hasRoom(bytes: number): boolean {
    return this.#room.fits({ commands: 1, bytes })
  }

  believesClock(): boolean {
    return this.#clock.isBelieved()
  }

  confirmClock(): void {
    this.#clock.confirm()
    void this.#marking?.keep()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writers[Symbol.asyncDispose]()
    await this.#marking?.[Symbol.asyncDispose]()
  }

  /** Runs once no other request with its key is under way. */
  async #once<Result>(
    request: CommandRequest | BatchRequest,
    load: Load,
    run: () => Promise<Result>,
  ): Promise<Result | RefusedOutcome> {
    const outcome = await this.#holding(load, () => this.#underWay.once(scopeOf(request), run))
    return outcome ?? inFlight
  }

  /** Takes room for a request before it waits for anything, and until its answer. */
  async #holding<Result>(
    load: Load,
    work: () => Promise<Result>,
  ): Promise<Result | RefusedOutcome> {
    return this.#writers.refusal ?? this.#room.during(load, work)
  }

  async #atomic(request: BatchRequest, tasks: Tasks, fingerprint: string): Promise<BatchOutcome> {
    const job = atomicJob(request, { tasks, fingerprint })
    return this.#writers.submit(request.ledgerId, [job]) ?? job.settled.promise
  }

  async #independent(
    request: BatchRequest,
    tasks: Tasks,
    fingerprint: string,
  ): Promise<BatchOutcome> {
    const jobs = tasks.map((task) => independentJob(request, task))
    const queued = jobs.filter((job) => 'settled' in job)
    const { ledgerId, key } = request
    const refusal = await letIn(this.#writers, { ledgerId, key, fingerprint, jobs: queued })
    if (refusal !== undefined) return refusal
    const items = await Promise.all(
      jobs.map(async (job) => ('settled' in job ? job.settled.promise : job)),
    )
    return inSum(items)
  }

  async #rehearse<Kind>(
    ledgerId: LedgerId,
    { load, looksAt, decide }: DryRunOf<Kind>,
  ): Promise<DryRun<Kind | RefusedOutcome>> {
    const decideOn = (round: Round, ledger: Ledger, slices: Slices) => {
      const { revision } = ledger.head
      const told = (outcome: Kind): DryRun<Kind> =>
        revision < 0n ? { outcome } : { outcome, decidedOn: revision }
      const outcome = decide(round, ledger, slices)
      return outcome instanceof Promise ? outcome.then(told) : told(outcome)
    }
    const dry = await this.#holding(load, () => this.#writers.rehearse(ledgerId, decideOn, looksAt))
    return 'outcome' in dry ? dry : { outcome: dry }
  }
}

type Tasks = readonly (Task | MalformedItem)[]

function loadOf({ size }: Task): Load {
  return { commands: 1, bytes: size }
}

function scopeOf({ ledgerId, key }: { readonly ledgerId: LedgerId; readonly key: string }): string {
  return `${ledgerId} ${key}`
}
