import type { ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import { readCheckpoint } from '#adapters/sqlite/read-models-reading.ts'
import type { Snapshot, Snapshots } from '#adapters/sqlite/read-models-snapshot.ts'
import type { Stamps } from '#adapters/sqlite/read-models-stamps.ts'
import type { BuiltModel, Checkpoint, Stamp } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

/** One of those who read at a moment. */
export type Moment = {
  /** `nothing` where nothing is stored yet. @throws {ReadModelsUnavailable} */
  read<Result>(nothing: Result, work: (connection: ReadModelConnection) => Result): Result
  checkpoint(model: BuiltModel, ledgerId: LedgerId): Checkpoint | undefined
  end(): void
}

/**
 * Moments of the file that are shared: where one that was begun in the same turn of the event loop still shows all that is
 * stored, it is read on. Measured, beginning and ending a transaction and looking up checkpoints is a quarter of what a
 * balance costs.
 */
export class SharedMoments {
  readonly #snapshots: Snapshots
  readonly #stamps: Stamps
  #latest: { readonly stamp: Stamp; readonly shared: Shared } | undefined

  constructor(snapshots: Snapshots, stamps: Stamps) {
    this.#snapshots = snapshots
    this.#stamps = stamps
  }

  /** Shows all that was committed before. @throws {ReadModelsUnavailable} */
  async open(): Promise<Moment> {
    const latest = this.#latest
    if (latest?.shared.isUsable === true && this.#stamps.isStill(latest.stamp))
      return latest.shared.join()
    const stamp = this.#stamps.of(undefined, [])
    // Taken before: what is committed in between is in the moment, and makes the next one look again.
    const shared = new Shared(await this.#snapshots.open())
    const moment = shared.join()
    if (stamp !== undefined) this.#share({ stamp, shared })
    return moment
  }

  /** Until the turn ends: a transaction that stays open keeps the write-ahead log growing. */
  #share(latest: { readonly stamp: Stamp; readonly shared: Shared }): void {
    this.#latest = latest
    const leave = latest.shared.join()
    setImmediate(() => {
      if (this.#latest === latest) this.#latest = undefined
      leave.end()
    })
  }
}

/** One moment and how many read at it; it ends with the last of them. */
class Shared {
  readonly #snapshot: Snapshot
  readonly #checkpoints = new Map<BuiltModel, Map<LedgerId, Checkpoint | undefined>>()
  #readers = 0

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot
  }

  get isUsable(): boolean {
    return this.#snapshot.isUsable
  }

  join(): Moment {
    this.#readers += 1
    let ended = false
    const open = (): this => {
      if (ended) throw new Error('The view of the read models is closed.')
      return this
    }
    return {
      read: (nothing, work) => open().#snapshot.read(nothing, work),
      checkpoint: (model, ledgerId) => open().#checkpoint(model, ledgerId),
      end: () => {
        if (!ended) this.#leave()
        ended = true
      },
    }
  }

  #leave(): void {
    this.#readers -= 1
    if (this.#readers === 0) this.#snapshot.end()
  }

  #checkpoint(model: BuiltModel, ledgerId: LedgerId): Checkpoint | undefined {
    const known = this.#checkpoints.get(model) ?? new Map<LedgerId, Checkpoint | undefined>()
    this.#checkpoints.set(model, known)
    if (known.has(ledgerId)) return known.get(ledgerId)
    const read = this.#snapshot.read(undefined, (connection) =>
      readCheckpoint(connection, model, ledgerId),
    )
    known.set(ledgerId, read)
    return read
  }
}
