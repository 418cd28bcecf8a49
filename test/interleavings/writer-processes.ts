import type { EventStore } from '#ports/event-store.ts'
import type { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { ScheduledEventStore } from '#test/support/scheduled-event-store.ts'
import { ScheduledProcess, type Tape, tapeOf } from '#test/support/scheduled-process.ts'
import type { ScheduledWorld } from '#test/support/scheduled-world.ts'
import { WriteSide } from '#test/support/write-side.ts'
import type { WriterPlan } from '#test/interleavings/writer-orders.ts'
import { WriterWitness } from '#test/interleavings/writer-witness.ts'

/** One process with a write side, as clients find it. */
export type WriterProcess = {
  readonly side: WriteSide
  readonly process: ScheduledProcess
  readonly witness: WriterWitness
}

/** Makes a process's store of the log's: a test may put a mistake in between. */
export type Mistake = (store: EventStore) => EventStore

// How long anybody waits for an append.
const patienceMs = 5_000

/** Some processes that write one log; one that is killed is followed by another at once. */
export class WriterProcesses {
  readonly log: MemoryEventStore
  readonly world: ScheduledWorld
  readonly #mistake: Mistake
  readonly #hurry: Tape
  readonly #tapes: readonly Tape[]
  readonly #running: WriterProcess[]
  readonly #witnesses: WriterWitness[] = []
  readonly #isHurried: boolean
  #hasFailed = false
  #started = 0

  constructor(world: ScheduledWorld, log: MemoryEventStore, of: WriterPlan & { mistake: Mistake }) {
    this.world = world
    this.log = log
    this.#mistake = of.mistake
    this.#hurry = tapeOf(of.hurry)
    this.#isHurried = of.hurry.some((number) => number > 0)
    this.#tapes = of.faults.map(tapeOf)
    this.#running = this.#tapes.map((tape, place) => this.#start(tape, place))
    for (const kill of of.kills) void this.#killLater(kill)
  }

  at(place: number): WriterProcess {
    const running = this.#running[place % this.#running.length]
    if (running === undefined) throw new Error('nothing runs')
    return running
  }

  /** Whether somebody may have been told that an outcome is unknown: time ran out, or a store has failed for good. */
  get mayHaveGivenUp(): boolean {
    return this.#isHurried || this.#hasFailed || this.world.passedMs >= patienceMs
  }

  /** Whatever any process did in another order than it was asked to. */
  get contradictions(): readonly string[] {
    return this.#witnesses.flatMap(({ contradictions }) => contradictions)
  }

  /** Ends all as a signal would; one may still be killed meanwhile. */
  async close(): Promise<void> {
    await Promise.all(
      this.#running.map(({ side, process }) =>
        Promise.race([side[Symbol.asyncDispose](), process.death]),
      ),
    )
  }

  #start(tape: Tape, place: number): WriterProcess {
    this.#started += 1
    const process = new ScheduledProcess(this.world, `api ${this.#started}`)
    const store = new ScheduledEventStore(this.log, process, tape)
    const ended = () => {
      this.#hasFailed = true
      void this.#replace(place, process)
    }
    store.failed.addEventListener('abort', ended, { once: true })
    const { clock } = this.world
    const pace = process.pace(this.#hurry)
    const writer = process.name
    const witness = new WriterWitness()
    this.#witnesses.push(witness)
    const watched = this.#mistake(witness.watched(store))
    return { process, witness, side: new WriteSide({ store: watched, clock, pace, writer }) }
  }

  async #killLater({ process: place, after }: WriterPlan['kills'][number]): Promise<void> {
    for (let waited = 0; waited < after; waited += 1) await this.world.step('nothing happens')
    await this.#replace(place, this.at(place).process)
  }

  async #replace(place: number, process: ScheduledProcess): Promise<void> {
    await this.world.step(`${process.name} is killed`)
    const tape = this.#tapes[place]
    if (!process.isAlive || tape === undefined) return
    process.kill()
    this.#running[place] = this.#start(tape, place)
  }
}
