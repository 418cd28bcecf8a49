import type { ClockMark, ClockMarks } from '#ports/clock.ts'
import { type Pace, systemPace } from '#ports/pace.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { SettableClock } from '#test/support/settable-clock.ts'
import { depositing, openedBooks, WriteSide } from '#test/support/write-side.ts'

export const minuteMs = 60_000

/** One machine with one log and one mark, on which processes are started one after the other or beside each other. */
export class Machine {
  readonly clock = new SettableClock()
  readonly store = new MemoryEventStore()
  readonly recorded = recordingLogger()
  mark: ClockMark | undefined
  fault: Error | undefined
  readonly #minutely = new Set<() => void>()

  async start(clock: SettableClock = this.clock): Promise<WriteSide> {
    const side = new WriteSide({
      store: this.store,
      clock,
      clockMarks: this.#marks(),
      pace: this.#pace,
      logger: this.recorded.logger,
    })
    await settled()
    return side
  }

  /** A start, and what a command came to. */
  async asked(): Promise<unknown> {
    await using side = await this.start()
    return await side.ask('PostTransaction', depositing('1'))
  }

  /** A minute passes, in which the clocks run. */
  async minute(): Promise<void> {
    this.clock.pass(minuteMs)
    for (const run of this.#minutely) run()
    await settled()
  }

  #marks(): ClockMarks {
    return {
      last: this.mark,
      read: async () => this.mark,
      write: async (mark) => {
        if (this.fault !== undefined) throw this.fault
        this.mark = mark
      },
    }
  }

  get #pace(): Pace {
    return {
      ...systemPace,
      every: (ms, run) => {
        if (ms !== minuteMs) return systemPace.every(ms, run)
        this.#minutely.add(run)
        return () => this.#minutely.delete(run)
      },
    }
  }
}

/** What is under way without waiting for anything is done. */
export function settled(): Promise<void> {
  return systemPace.turn()
}

/** A machine on which a process has run and ended. */
export async function machineThatRan(): Promise<Machine> {
  const machine = new Machine()
  await using side = await openedBooks({ store: machine.store, clock: machine.clock })
  await side.ask('PostTransaction', depositing('1'))
  await (await machine.start())[Symbol.asyncDispose]()
  return machine
}
