import { randomUUID } from 'node:crypto'
import { ledgerOfStream, ledgerStream } from '#events/stream-names.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import { type Checkpoint, ReadModelsUnavailable } from '#ports/read-models.ts'
import { accounts } from '#projections/accounts.ts'
import { patrolFeed } from '#projections/runtime/patrol-places.ts'
import { patrol } from '#projections/runtime/patrol.ts'
import { trialBalances } from '#projections/trial-balances.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { SettableClock } from '#test/support/settable-clock.ts'

export const projections = [accounts, trialBalances]
export const times = { settledMs: 10_000, patienceMs: 40, pauseMs: 5 }
const longAgo = '2026-03-01T11:00:00.000Z'

/** Checkpoints that a test moves as a projector would, and a patrol that looks after them. */
export class Patrolled implements AsyncDisposable {
  readonly store = new MemoryEventStore()
  readonly clock = new SettableClock('2026-03-01T12:00:00.000Z')
  readonly models = openMemoryReadModels()
  /** What was healed, in order: `ledger revision`. */
  readonly healed: string[] = []
  readonly #checkpoints = new Map<string, Checkpoint>()
  #running: { end: AbortController; ended: Promise<void> } | undefined
  areAway = false
  patienceMs = times.patienceMs
  reads = 0

  async record(ledgerId: string, count = 1, recordedAt = longAgo): Promise<void> {
    const stream = ledgerStream(ledgerId)
    for (let index = 0; index < count; index += 1) {
      const length = BigInt(this.store.eventsOf(stream).length)
      const json = JSON.stringify({ data: {}, recordedAt })
      const expected = length === 0n ? 'no-stream' : length - 1n
      await this.store.append(stream, [{ id: randomUUID(), type: 'Counted', json }], expected)
    }
  }

  /** As a projector does it. */
  apply(ledgerId: string, revision: number, parked?: Checkpoint['parked']): void {
    const checkpoint = {
      revision: BigInt(revision),
      recordedAt: longAgo,
      ...(parked && { parked }),
    }
    for (const { name } of projections) this.#checkpoints.set(`${name} ${ledgerId}`, checkpoint)
  }

  start(): void {
    const end = new AbortController()
    const { models, store, clock } = this
    const reach = async <Result>(read: () => Result | Promise<Result>): Promise<Result> => {
      this.reads += 1
      if (this.areAway) throw new ReadModelsUnavailable('not reached')
      return read()
    }
    const writer = {
      checkpoint: ({ name }: { readonly name: string }, ledgerId: string) =>
        reach(() => this.#checkpoints.get(`${name} ${ledgerId}`)),
      feedPosition: (feed: string) => reach(() => models.feedPosition(feed)),
      saveFeedPosition: (feed: string, position: bigint) =>
        reach(() => models.saveFeedPosition(feed, position)),
    }
    const heal = async (event: StoredEvent) => this.#heal(event)
    const { logger } = recordingLogger()
    const parts = {
      projections: async () => projections,
      store,
      writer,
      clock,
      logger,
      heal,
      times: { ...times, patienceMs: this.patienceMs },
    }
    const ended = patrol(parts, end.signal).catch((error: unknown) => {
      if (!end.signal.aborted) throw error
    })
    this.#running = { end, ended }
  }

  async stop(): Promise<void> {
    this.#running?.end.abort()
    await this.#running?.ended
  }

  place(): Promise<bigint | undefined> {
    return this.models.feedPosition(patrolFeed)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #heal({ stream, revision }: StoredEvent): void {
    const ledgerId = ledgerOfStream(stream) ?? ''
    this.healed.push(`${ledgerId} ${revision}`)
    this.apply(ledgerId, Number(revision))
  }
}
