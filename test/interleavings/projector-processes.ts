import { createProjector, type Projector } from '#projections/runtime/projector.ts'
import { type ProjectorWorld, type Tapes, tapesOf } from '#test/interleavings/projector-parts.ts'
import type { ProjectorPlan } from '#test/interleavings/projector-plans.ts'
import { ScheduledFeed } from '#test/support/scheduled-feed.ts'
import { ScheduledProcess, tapeOf } from '#test/support/scheduled-process.ts'
import type { ScheduledWorld } from '#test/support/scheduled-world.ts'

type Slot = { readonly feed: ScheduledFeed; readonly tapes: Tapes }

/** What came of something that runs: until it ends, `runs`. */
export type Ending = 'runs' | 'done' | 'ended' | Error

type Running = {
  readonly process: ScheduledProcess
  readonly projector: Projector
  readonly end: AbortController
  ending: Ending
}

/** Projectors over one log and the same read models; one that ends before its feed does is followed by another. */
export class ProjectorProcesses {
  readonly all: Running[] = []
  readonly #world: ScheduledWorld
  readonly #shared: ProjectorWorld
  readonly #slots: readonly Slot[]
  readonly #running: Running[]

  constructor(world: ScheduledWorld, shared: ProjectorWorld, plan: ProjectorPlan) {
    this.#world = world
    this.#shared = shared
    this.#slots = plan.lives.map((life) => ({
      feed: new ScheduledFeed(shared.log.batches(life.batches), tapeOf(life.feed)),
      tapes: tapesOf(life),
    }))
    this.#running = this.#slots.map((slot) => this.#start(slot))
    for (const end of plan.ends) void this.#endLater(end)
  }

  #start({ feed, tapes }: Slot): Running {
    const process = new ScheduledProcess(this.#world, `projector ${this.all.length + 1}`)
    const projector = createProjector(this.#shared.partsFor(process, tapes))
    const running: Running = { process, projector, end: new AbortController(), ending: 'runs' }
    this.all.push(running)
    const { signal } = running.end
    void endingOf(projector.run(feed.in(process), signal), signal, (ending) => {
      running.ending = ending
    })
    return running
  }

  async #endLater({ projector, after, isClean }: ProjectorPlan['ends'][number]): Promise<void> {
    for (let waited = 0; waited < after; waited += 1) await this.#world.step('nothing happens')
    const place = projector % this.#running.length
    const [running, slot] = [this.#running[place], this.#slots[place]]
    if (running === undefined || slot === undefined || running.ending !== 'runs') return
    if (isClean) running.end.abort(new Error('it is to end'))
    else running.process.kill()
    this.#running[place] = this.#start(slot)
  }
}

/** Tells how it ended, once it has. A signal's own reason is no error. */
export async function endingOf(
  work: Promise<void>,
  signal: AbortSignal,
  tell: (ending: Ending) => void,
): Promise<void> {
  try {
    await work
    tell(signal.aborted ? 'ended' : 'done')
  } catch (error) {
    if (signal.aborted && error === signal.reason) tell('ended')
    else tell(error instanceof Error ? error : new Error(String(error)))
  }
}
