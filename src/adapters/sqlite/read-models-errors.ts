import { isCorrupt, isNotADatabase, reasonOf } from '#adapters/sqlite/sqlite-results.ts'
import { ReadModelsUnavailable } from '#ports/read-models.ts'

// https://sqlite.org/rescode.html: locked, no memory, read-only, I/O, disk full, no file, no permission and their kin.
const outageCodes: ReadonlySet<number> = new Set([3, 5, 6, 7, 8, 10, 13, 14, 15, 22, 23])

/** What to throw for an error met in the file: the port's own where it is the file's or the machine's fault, else the bug as it is. */
export function asReadModelsError(error: unknown): unknown {
  if (isCorrupt(error) || isNotADatabase(error)) return damaged(error)
  if (!isOutage(error)) return error
  return new ReadModelsUnavailable(`The read-model file cannot be used: ${reasonOf(error)}.`, {
    cause: error,
  })
}

/** Bytes of the file are not what was written. */
export function damaged(cause: unknown): ReadModelsUnavailable {
  return new ReadModelsUnavailable(
    'The read-model file is damaged: stop, delete it and start again; it is made anew from the log.',
    { cause },
  )
}

function isOutage(error: unknown): boolean {
  if (!(error instanceof Error) || !('errcode' in error)) return false
  return typeof error.errcode === 'number' && outageCodes.has(error.errcode & 0xff)
}
