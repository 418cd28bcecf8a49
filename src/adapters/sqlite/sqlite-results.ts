import { setTimeout as sleep } from 'node:timers/promises'

// https://sqlite.org/rescode.html; the low byte of an extended code is its primary code.
const errorCode = 1
const busyCode = 5
const corruptCode = 11
const fullCode = 13
const notOpenedCode = 14
const protocolCode = 15
const tooBigCode = 18
const constraintCode = 19
const mismatchCode = 20
const notADatabaseCode = 26
const readOnlyRollbackCode = 776
const shortReadCode = 522
const sharedMemorySizeCode = 4874

/** Locked, no memory, read-only, I/O, disk full, no file, no permission and their kin. */
const outageCodes: ReadonlySet<number> = new Set([3, 5, 6, 7, 8, 10, 13, 14, 15, 22, 23])

/** How long one attempt waits for other processes, in all; every wait is 1 to 4 ms, at random, so that two do not keep step. */
const busyWaitMaxMs = 5_000

/** Another connection has the lock. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error)
  return code === busyCode || code === protocolCode
}

/** Before a COMMIT could reach the disk. */
export function isDiskFull(error: unknown): boolean {
  return primaryCode(error) === fullCode
}

/** A file ends before what SQLite knows to be in it. */
export function isShortRead(error: unknown): boolean {
  return isCode(error, shortReadCode)
}

/** There is no room for the `-shm`, which SQLite calls an I/O error: a COMMIT may have reached the disk. */
export function isSharedMemoryFull(error: unknown): boolean {
  return isCode(error, sharedMemorySizeCode)
}

/** SQLite could not open the file, or one beside it. */
export function isNotOpened(error: unknown): boolean {
  return primaryCode(error) === notOpenedCode
}

/** The file's or the machine's fault, not that of the statement. */
export function isOutage(error: unknown): boolean {
  const code = primaryCode(error)
  return code !== undefined && outageCodes.has(code)
}

/** Bytes on the disk are not what SQLite wrote. */
export function isCorrupt(error: unknown): boolean {
  return primaryCode(error) === corruptCode
}

export function isNotADatabase(error: unknown): boolean {
  return primaryCode(error) === notADatabaseCode
}

/** What a statement names is not there, though it was made: a bit that flips in the schema is another name. */
export function lacksWhatIsNamed(error: unknown): boolean {
  if (primaryCode(error) !== errorCode) return false
  return error instanceof Error && /^no such (?:table|column|index)/.test(error.message)
}

/** A connection that only reads has found a journal that has to be rolled back first. */
export function awaitsRollback(error: unknown): boolean {
  return isCode(error, readOnlyRollbackCode)
}

/** The statement was wrong, not the database: the transaction around it can go on. */
export function isStatementFault(error: unknown): boolean {
  const code = primaryCode(error)
  return code === tooBigCode || code === constraintCode || code === mismatchCode
}

/**
 * Tries until nobody else has the lock. SQLite's own waiting would block the thread and starves writers.
 * @throws what `attempt` throws; the busy error itself after `waitMaxMs`.
 */
export async function whenFree<Result>(
  attempt: () => Result,
  waitMaxMs: number = busyWaitMaxMs,
): Promise<Result> {
  const deadline = performance.now() + waitMaxMs
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
    }
    await sleep(1 + Math.floor(Math.random() * 4))
  }
}

/** SQLite's own words, for an error's message. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function isCode(error: unknown, code: number): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === code
}

function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}
