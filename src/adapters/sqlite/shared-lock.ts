import { DatabaseSync } from 'node:sqlite'
import { makePrivateFile } from '#adapters/sqlite/event-log-file.ts'
import { isBusy } from '#adapters/sqlite/sqlite-results.ts'

const shareMsMax = 30_000

/** A lock on a file, which stays empty: many processes share it, or one has it alone. One that ends, however, lets go. */
export class SharedLock {
  readonly #database: DatabaseSync

  constructor(path: string) {
    makePrivateFile(path)
    this.#database = new DatabaseSync(path, { timeout: 0 })
  }

  /** Does the work unless anybody shares the lock. */
  unlessShared(work: () => void): void {
    if (!this.takeAlone()) return
    try {
      work()
    } finally {
      this.#database.exec('ROLLBACK')
    }
  }

  /** Shares the lock until it is disposed of. */
  share(): void {
    this.#database.exec(`PRAGMA busy_timeout = ${shareMsMax}`)
    this.#database.exec('BEGIN; SELECT name FROM sqlite_schema')
  }

  /** Has the lock alone until it is disposed of; false where anybody else has it. */
  takeAlone(): boolean {
    try {
      // In memory: a journal beside the file would outlive a process that is killed.
      this.#database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
      return true
    } catch (error) {
      if (isBusy(error)) return false
      throw error
    }
  }

  [Symbol.dispose](): void {
    this.#database.close()
  }
}
