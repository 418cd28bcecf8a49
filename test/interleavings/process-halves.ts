import { expect } from 'vitest'
import type { ProjectorPlan } from '#test/interleavings/projector-plans.ts'
import { type Ending, endingOf } from '#test/interleavings/projector-processes.ts'
import { ScheduledProcess } from '#test/support/scheduled-process.ts'
import type { ScheduledWorld } from '#test/support/scheduled-world.ts'

/** One of the loops that a process runs, and what has come of it. */
type Half = { readonly name: string; readonly process: ScheduledProcess; ending: Ending }

/** What a process runs, by what it does. */
type Works = Readonly<Record<string, Promise<void>>>

type Life = {
  readonly signal: AbortSignal
  readonly begin: (process: ScheduledProcess) => Works
}

/** A process for each of these lives. Those that the plan wants killed are, and followed by another. */
export class ProcessHalves {
  readonly #halves: Half[] = []
  readonly #world: ScheduledWorld

  constructor(world: ScheduledWorld, plan: ProjectorPlan, lives: readonly Life[]) {
    this.#world = world
    for (const [place, life] of lives.entries()) {
      const process = this.#begin(life, `projector ${place + 1}`)
      const deaths = plan.ends.filter(({ projector }) => projector === place)
      void this.#replaceLater(process, { life, after: deaths.map(({ after }) => after) })
    }
  }

  /** @throws where one that lives still runs, or has failed. */
  assertEnded(): void {
    const living = this.#halves.filter(({ process }) => process.isAlive)
    const waiting = living.filter(({ ending }) => ending !== 'done' && ending !== 'ended')
    expect(waiting.map(({ name, ending }) => `${name}: ${String(ending)}`)).toEqual([])
  }

  #begin({ signal, begin }: Life, called: string): ScheduledProcess {
    const process = new ScheduledProcess(this.#world, called)
    for (const [does, work] of Object.entries(begin(process))) {
      const half: Half = { name: `${called} ${does}`, process, ending: 'runs' }
      this.#halves.push(half)
      void endingOf(work, signal, (ending) => {
        half.ending = ending
      })
    }
    return process
  }

  async #replaceLater(
    process: ScheduledProcess,
    { life, after }: { readonly life: Life; readonly after: readonly number[] },
  ): Promise<void> {
    let [running, name] = [process, process.name]
    for (const steps of after) {
      for (let waited = 0; waited < steps; waited += 1) await this.#world.step('nothing happens')
      running.kill()
      name += ' again'
      running = this.#begin(life, name)
    }
  }
}
