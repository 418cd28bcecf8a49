import type { createProjector } from '#projections/runtime/projector.ts'
import { ProjectorLog } from '#test/interleavings/projector-log.ts'
import type { ProjectorLife, ProjectorPlan } from '#test/interleavings/projector-plans.ts'
import { WatchedReadModels } from '#test/interleavings/projector-watch.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { ScheduledEventStore } from '#test/support/scheduled-event-store.ts'
import { type ScheduledProcess, type Tape, tapeOf } from '#test/support/scheduled-process.ts'
import { scheduledReadModels } from '#test/support/scheduled-read-models.ts'

export type Writer = ReturnType<typeof scheduledReadModels>

/** Makes a projector's writer of the one it would have: a test may put a mistake in between. */
export type ProjectorMistake = (writer: Writer) => Writer

/** What goes wrong with the calls of one projector and of those that follow it. */
export type Tapes = { readonly models: Tape; readonly store: Tape }

export function tapesOf({ models, store }: ProjectorLife): Tapes {
  return { models: tapeOf(models), store: tapeOf(store) }
}

/** What the projectors of one run have in common. */
export class ProjectorWorld {
  readonly log: ProjectorLog
  readonly watched: WatchedReadModels
  readonly #events = new MemoryEventStore()
  #length = 0
  readonly #limits: ProjectorPlan['limits']
  readonly #hurry: Tape
  readonly #mistake: ProjectorMistake

  private constructor(plan: ProjectorPlan, mistake: ProjectorMistake) {
    this.log = new ProjectorLog(plan)
    this.watched = new WatchedReadModels(this.log)
    this.#limits = plan.limits
    this.#hurry = tapeOf(plan.hurry)
    this.#mistake = mistake
  }

  static async begin(plan: ProjectorPlan, mistake: ProjectorMistake): Promise<ProjectorWorld> {
    const world = new ProjectorWorld(plan, mistake)
    await world.grow(world.log.events.length)
    return world
  }

  /** One whose log begins with half of its events. */
  static async beginGrowing(plan: ProjectorPlan): Promise<ProjectorWorld> {
    const world = new ProjectorWorld(plan, (writer) => writer)
    await world.grow(world.log.events.length / 2)
    return world
  }

  /** Makes the log at least so long. */
  async grow(length: number): Promise<void> {
    for (const { stream, revision, type, json } of this.log.events.slice(this.#length, length)) {
      this.#length += 1
      const expected = revision === 0n ? 'no-stream' : revision - 1n
      await this.#events.append(stream, [{ id: `${stream} ${revision}`, type, json }], expected)
    }
  }

  /** All that a process's projector, patrol and lease need. */
  partsFor(process: ScheduledProcess, { models, store }: Tapes) {
    const { shared } = this.watched
    return {
      projections: this.log.projections,
      writer: this.#mistake(scheduledReadModels(shared, process, models)),
      readModels: shared.models,
      store: new ScheduledEventStore(this.#events, process, store),
      logger: recordingLogger().logger,
      limits: this.#limits,
      pace: process.pace(this.#hurry),
    } satisfies Parameters<typeof createProjector>[0]
  }
}
