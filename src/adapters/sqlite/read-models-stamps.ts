import { builtToRead } from '#adapters/sqlite/read-models-builds.ts'
import type { ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import { asReadModelsError } from '#adapters/sqlite/read-models-errors.ts'
import { fileMark, hasLayout, openToRead, type Reading } from '#adapters/sqlite/read-models-file.ts'
import { readCheckpoint } from '#adapters/sqlite/read-models-reading.ts'
import { type ReadModelShape, ReadModelsUnavailable, type Stamp } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

/** What is remembered between two commits; beyond it all of it is forgotten and looked up again. */
const rememberedMax = 10_000

/** It reads checkpoints alone. */
const cacheKiB = 1_024

type Models = readonly ReadModelShape[]

/**
 * Tells whether the file says the same as before. First by SQLite's `data_version`, which for one connection, kept open
 * and outside of a transaction, differs whenever another one has committed in between; where it does, by the checkpoints
 * of one ledger, since documents never change without them.
 */
export class Stamps {
  readonly #path: string
  #reading: Reading | undefined
  /** Files opened and commits noticed so far: neither number ever stands for two states. */
  #opened = 0
  #noticed = 0
  #dataVersion: unknown
  #remembered = new WeakMap<Models, Map<LedgerId, Stamp | undefined>>()
  #rememberedCount = 0
  #hasLayout = false
  #closed = false

  constructor(path: string) {
    this.#path = path
  }

  /** Undefined where nothing is stored yet, and where the file can't be read now: whoever reads it is told why. */
  of(ledgerId: LedgerId | undefined, models: Models): Stamp | undefined {
    return this.#trying(() => {
      const connection = this.#current()
      if (connection === undefined) return undefined
      this.#notice(connection)
      return ledgerId === undefined ? this.#ofAll : this.#ofLedger(connection, ledgerId, models)
    })
  }

  /** Whether a stamp of all ledgers would be the same now. Does not look whether the path has another file since. */
  isStill(stamp: Stamp): boolean {
    const now = this.#trying(() => {
      if (this.#reading === undefined) return undefined
      this.#notice(this.#reading.connection)
      return this.#ofAll
    })
    return now === stamp
  }

  close(): void {
    this.#closed = true
    this.#close()
  }

  get #ofAll(): Stamp {
    return `${this.#opened}/${this.#noticed}`
  }

  #trying(look: () => Stamp | undefined): Stamp | undefined {
    try {
      return look()
    } catch (error) {
      this.#close()
      if (asReadModelsError(this.#path, error) instanceof ReadModelsUnavailable) return undefined
      throw error
    }
  }

  /** One that reads the file which the path names now. */
  #current(): ReadModelConnection | undefined {
    if (this.#reading !== undefined && this.#reading.file === fileMark(this.#path))
      return this.#reading.connection
    this.#close()
    if (this.#closed) return undefined
    this.#reading = openToRead(this.#path, cacheKiB)
    this.#opened += 1
    this.#dataVersion = undefined
    return this.#reading?.connection
  }

  #notice(connection: ReadModelConnection): void {
    const dataVersion = connection.pragma('data_version')
    if (dataVersion === this.#dataVersion) return
    this.#dataVersion = dataVersion
    this.#noticed += 1
    this.#forget()
  }

  #ofLedger(connection: ReadModelConnection, ledgerId: LedgerId, models: Models) {
    const known = this.#remembered.get(models)
    if (known?.has(ledgerId) === true) return known.get(ledgerId)
    if (this.#rememberedCount === rememberedMax) this.#forget()
    const stamp = this.#look(connection, ledgerId, models)
    const remembered = this.#remembered.get(models) ?? new Map<LedgerId, Stamp | undefined>()
    this.#remembered.set(models, remembered.set(ledgerId, stamp))
    this.#rememberedCount += 1
    return stamp
  }

  /** At the moment of its own transaction, which may be later than what was noticed: that is a look too many at worst. */
  #look(connection: ReadModelConnection, ledgerId: LedgerId, models: Models): Stamp | undefined {
    connection.exec('BEGIN')
    if (connection.schemaChanged()) this.#hasLayout = hasLayout(connection)
    const progress = this.#hasLayout
      ? models.map((model) => progressIn(connection, model, ledgerId))
      : undefined
    connection.exec('ROLLBACK')
    return progress && `${this.#opened}/${String(connection.schema)}/${progress.join()}`
  }

  #forget(): void {
    this.#remembered = new WeakMap()
    this.#rememberedCount = 0
  }

  #close(): void {
    this.#reading?.connection.close()
    this.#reading = undefined
    this.#forget()
  }
}

/** Which build serves of the model, and how far it is. */
function progressIn(
  connection: ReadModelConnection,
  model: ReadModelShape,
  ledgerId: LedgerId,
): string {
  const built = builtToRead(connection, model)
  if (built === undefined) return ''
  const checkpoint = readCheckpoint(connection, built, ledgerId)
  return `${built.version}.${built.build}.${checkpoint?.revision}.${checkpoint?.parked?.revision}`
}
