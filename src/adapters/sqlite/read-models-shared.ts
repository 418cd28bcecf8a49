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

/** What was stored when it began to be opened, or more; without a stamp nobody can tell. */
type Opening = { readonly stamp: Stamp; readonly shared: Promise<Shared> }

/**
 * Moments of the file that are shared: where one that was begun in the same turn of the event loop, or waits to be, still
 * shows all that is stored, it is read on. Measured, beginning and ending a transaction and looking up checkpoints is a
 * quarter of what a balance costs; and of the few moments that there are at once, all who wait for one commit take one.
 */
export class SharedMoments {
  readonly #snapshots: Snapshots
  readonly #stamps: Stamps
  #latest: Opening | undefined

  constructor(snapshots: Snapshots, stamps: Stamps) {
    this.#snapshots = snapshots
    this.#stamps = stamps
  }

  /** Shows all that was committed before. @throws {ReadModelsUnavailable} */
  async open(): Promise<Moment> {
    const latest = this.#latest
    if (latest !== undefined && this.#stamps.isStill(latest.stamp)) {
      const shared = await latest.shared
      if (shared.isUsable) return shared.join()
    }
    // Taken before: what is committed in between is in the moment, and makes the next one look again.
    const stamp = this.#stamps.of(undefined, [])
    const shared = this.#begin()
    if (stamp !== undefined) this.#share({ stamp, shared })
    return (await shared).join()
  }

  async #begin(): Promise<Shared> {
    return new Shared(await this.#snapshots.open())
  }

  /** Until the turn ends in which it was begun: a transaction that stays open keeps the write-ahead log growing. */
  #share(latest: Opening): void {
    this.#latest = latest
    const forget = () => {
      if (this.#latest === latest) this.#latest = undefined
    }
    const keep = (shared: Shared) => {
      const leave = shared.join()
      setImmediate(() => {
        forget()
        leave.end()
      })
    }
    latest.shared.then(keep, forget)
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
