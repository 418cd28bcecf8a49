import { setTimeout as sleep } from 'node:timers/promises'
import { openLogFeed } from '#adapters/log/feed.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { ledgerStream, projectionsStream } from '#events/stream-names.ts'
import type { ReadModels, ReadModelWriter } from '#ports/read-models.ts'
import type { Projection } from '#projections/projection.ts'
import { ActLog } from '#projections/runtime/act-log.ts'
import { type ProjectionAct, recordAct } from '#projections/runtime/acts.ts'
import { Builder, type BuilderParts } from '#projections/runtime/builder.ts'
import { builderLease, isInUse, startMissing } from '#projections/runtime/build-missing.ts'
import { holdLease } from '#projections/runtime/hold-lease.ts'
import { keepModels } from '#projections/runtime/keeper.ts'
import { servingModel } from '#projections/runtime/live-models.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import { commandRejected, ledgerOpened } from '#test/support/examples.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { stored } from '#test/support/stored-events.ts'

const untilMsMax = 20_000
const effort = { pageEvents: 7, commitDocuments: 5, restShare: 0 }

/** Examples were recorded long ago; to this clock they are new. */
const clock = { ...systemClock, now: () => 0 }

/** Counts a ledger's events in one document; `poison` says at which revisions it throws. */
export function counting(
  version = 1,
  { by = 1, poison = () => false, name = 'counts', previous }: CountingOptions = {},
): Projection<{ count: number }> {
  return {
    name,
    version,
    fields: {},
    indexes: [],
    ...(previous && { previous }),
    keysOf: () => ['all'],
    evolve(document, { revision }) {
      if (poison(revision)) throw new Error(`revision ${revision} is poison`)
      return { count: (document?.count ?? 0) + by }
    },
  }
}

type CountingOptions = {
  readonly by?: number
  readonly poison?: (revision: bigint) => boolean
  readonly name?: string
  readonly previous?: Projection
}

/** A log and read models, and a projector that is started and stopped as a program's is. */
export class KeptModels implements AsyncDisposable {
  readonly store: MemoryEventStore
  readonly models: ReadModels & ReadModelWriter
  readonly lines
  stuckMs = 10
  readonly #logger
  #running: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined

  constructor(
    models: ReadModels & ReadModelWriter = openMemoryReadModels(),
    store = new MemoryEventStore(),
  ) {
    this.models = models
    this.store = store
    const { logger, lines } = recordingLogger()
    this.#logger = logger
    this.lines = lines
  }

  async record(ledgerId: string, count = 1): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const head = await this.store.head(ledgerStream(ledgerId))
      const revision = head === 'no-stream' ? 0n : head + 1n
      const event = (revision === 0n ? ledgerOpened : commandRejected)({}, { ledgerId, revision })
      const { json, type } = stored(event)
      await this.store.append(ledgerStream(ledgerId), [{ id: event.id, type, json }], head)
    }
  }

  async act(act: Pick<ProjectionAct, 'act' | 'ledgerId' | 'revision'>, version = 1): Promise<void> {
    const head = await this.store.head(projectionsStream)
    const said = { actor: 'ops', reason: 'a test', recordedAt: new Date().toISOString() }
    const all = { projection: 'counts', version, ...said, ...act }
    await recordAct(this.store, all, head === 'no-stream' ? undefined : head)
  }

  start(projections: readonly Projection[]): void {
    const stop = new AbortController()
    this.#running = { stop, ended: this.#run(projections, stop.signal) }
  }

  async stop(): Promise<void> {
    this.#running?.stop.abort()
    await this.#running?.ended
    this.#running = undefined
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  /** A build beside, made to the end and switched to, as the command does it. */
  async rebuild(projection: Projection, signal = new AbortController().signal): Promise<number> {
    const parts = await this.building()
    let build = 0
    const holder = crypto.randomUUID()
    const lease = { leases: this.models, name: builderLease, holder, clock, logger: this.#logger }
    await holdLease(lease, signal, async (held) => {
      build = await this.models.startBuild(projection, new Date().toISOString())
      const model = { ...projection, build }
      const builder = new Builder(parts)
      await builder.catchUp([model], held)
      await builder.serve(model, held)
    })
    signal.throwIfAborted()
    return build
  }

  async building(): Promise<BuilderParts> {
    const acts = new ActLog(this.store)
    await acts.refresh()
    return {
      store: this.store,
      writer: this.models,
      acts,
      clock,
      logger: this.#logger,
      effort,
    }
  }

  /** What queries read: the count, and where it stands. */
  async count(projection: Projection, ledgerId: string) {
    await using view = await this.models.view(ledgerId)
    const found = await view.get(projection, 'all')
    const checkpoint = await view.checkpoint(projection)
    return {
      count: Number(found?.document['count'] ?? 0),
      revision: checkpoint?.revision ?? -1n,
      parked: checkpoint?.parked?.revision,
    }
  }

  async until(isSo: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + untilMsMax
    while (!(await isSo())) {
      if (performance.now() > deadline) throw new Error('it does not come to that')
      await sleep(2)
    }
  }

  /** Until queries read this version and it has the ledger's head. */
  async untilServed(projection: Projection, ledgerId: string): Promise<void> {
    await this.until(async () => {
      const serving = await servingModel(this.models, projection)
      const { revision } = await this.count(projection, ledgerId)
      const head = await this.store.head(ledgerStream(ledgerId))
      return serving?.version === projection.version && revision === head
    })
  }

  async #run(projections: readonly Projection[], signal: AbortSignal): Promise<void> {
    const times = { pollMs: 3, stuckMs: this.stuckMs }
    const parts = { ...(await this.building()), projections, holder: crypto.randomUUID(), times }
    const all = { ...parts, writer: this.models, readModels: this.models }
    if (await isInUse(this.models, projections, 'projector')) await startMissing(all)
    const projector = createProjector({ ...all, skips: parts.acts })
    const feed = openLogFeed({ name: 'projector', store: this.store, positions: this.models })
    const kept = keepModels({ ...all, projector }, signal)
    const results = await Promise.allSettled([projector.run(feed, signal), kept])
    for (const result of results)
      if (result.status === 'rejected' && !signal.aborted) throw result.reason
  }
}
