import type { ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import { asReadModelsError } from '#adapters/sqlite/read-models-errors.ts'
import { fileMark, hasLayout, openToRead, type Reading } from '#adapters/sqlite/read-models-file.ts'
import { Turns } from '#adapters/sqlite/read-models-turns.ts'
import { whenFree } from '#adapters/sqlite/sqlite-results.ts'
import { ReadModelsUnavailable } from '#ports/read-models.ts'

export type SnapshotLimits = {
  readonly path: string
  readonly openMax: number
  readonly waitingMax: number
  readonly waitMaxMs: number
  readonly openMaxMs: number
  readonly cacheKiB: number
}

/** Hands out moments of the file, a bounded number at once. Connections are opened when needed and kept. */
export class Snapshots {
  readonly #limits: SnapshotLimits
  readonly #turns: Turns
  readonly #idle: Reading[] = []
  #wasThere = false
  #closed = false

  constructor(limits: SnapshotLimits) {
    this.#limits = limits
    this.#turns = new Turns(limits)
  }

  /** @throws {ReadModelsUnavailable} */
  async open(): Promise<Snapshot> {
    await this.#turns.take()
    try {
      const reading = await whenFree(() => this.#begin(), this.#limits.waitMaxMs)
      return new Snapshot(reading?.connection, this.#limits, (usable) => {
        this.#end(reading, usable)
      })
    } catch (error) {
      this.#turns.give()
      throw asReadModelsError(this.#limits.path, error)
    }
  }

  /** Waits for the open ones, which end by themselves at the latest after `openMaxMs`. */
  async close(): Promise<void> {
    this.#closed = true
    this.#closeIdle()
    await this.#turns.close()
  }

  /** A connection in a transaction whose moment is fixed; undefined where nothing of this layout is stored yet. */
  #begin(): Reading | undefined {
    const reading = this.#idleOne() ?? openToRead(this.#limits.path, this.#limits.cacheKiB)
    if (reading === undefined) return this.#notMadeYet()
    this.#wasThere = true
    const { connection } = reading
    try {
      connection.exec('BEGIN')
      if (!connection.schemaChanged() || hasLayout(connection)) return reading
      connection.close()
      return undefined
    } catch (error) {
      connection.close()
      throw error
    }
  }

  /** A file that is gone has not been empty. @throws {ReadModelsUnavailable} */
  #notMadeYet(): undefined {
    if (this.#wasThere)
      throw new ReadModelsUnavailable('The read-model file is gone: who writes it makes it anew.')
  }

  /** One that reads the file which the path names now: that may have been deleted, and made anew. */
  #idleOne(): Reading | undefined {
    const reading = this.#idle.pop()
    if (reading === undefined || reading.file === fileMark(this.#limits.path)) return reading
    reading.connection.close()
    this.#closeIdle()
    return undefined
  }

  #closeIdle(): void {
    for (const { connection } of this.#idle.splice(0)) connection.close()
  }

  #end(reading: Reading | undefined, usable: boolean): void {
    try {
      if (reading !== undefined) this.#keep(reading, usable)
    } finally {
      this.#turns.give()
    }
  }

  #keep(reading: Reading, usable: boolean): void {
    if (usable && !this.#closed && isEnded(reading.connection)) this.#idle.push(reading)
    else reading.connection.close()
  }
}

/** Whether the transaction could be ended: nobody waits for it who could be told why not. */
function isEnded(connection: ReadModelConnection): boolean {
  try {
    connection.exec('ROLLBACK')
    return true
  } catch {
    return false
  }
}

/** One moment of the file. Ends by itself after a while: a reader that stays keeps the write-ahead log growing. */
export class Snapshot {
  readonly #connection: ReadModelConnection | undefined
  readonly #path: string
  readonly #onEnd: (usable: boolean) => void
  readonly #timer: NodeJS.Timeout
  #usable = true
  #state: 'open' | 'ended' | 'expired' = 'open'

  constructor(
    connection: ReadModelConnection | undefined,
    { path, openMaxMs }: Pick<SnapshotLimits, 'path' | 'openMaxMs'>,
    onEnd: (usable: boolean) => void,
  ) {
    this.#connection = connection
    this.#path = path
    this.#onEnd = onEnd
    this.#timer = setTimeout(() => this.#leave('expired'), openMaxMs)
    this.#timer.unref()
  }

  /** Whether it has not ended, and nothing went wrong in reading it. */
  get isUsable(): boolean {
    return this.#usable && this.#state === 'open'
  }

  /** Reads at this moment; `nothing` where nothing is stored yet. @throws {ReadModelsUnavailable} */
  read<Result>(nothing: Result, work: (connection: ReadModelConnection) => Result): Result {
    if (this.#state === 'expired')
      throw new ReadModelsUnavailable('The view of the read models was open for too long.')
    if (this.#state === 'ended') throw new Error('The view of the read models is closed.')
    if (this.#connection === undefined) return nothing
    try {
      return work(this.#connection)
    } catch (error) {
      const thrown = asReadModelsError(this.#path, error)
      if (thrown instanceof ReadModelsUnavailable) this.#usable = false
      throw thrown
    }
  }

  end(): void {
    if (this.#state === 'open') this.#leave('ended')
    else this.#state = 'ended'
  }

  #leave(state: 'ended' | 'expired'): void {
    this.#state = state
    clearTimeout(this.#timer)
    this.#onEnd(this.#usable)
  }
}
