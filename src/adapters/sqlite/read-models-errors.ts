import { outageOf } from '#adapters/sqlite/database-outage.ts'
import { isCorrupt, isNotADatabase, lacksWhatIsNamed } from '#adapters/sqlite/sqlite-results.ts'
import { ReadModelsUnavailable } from '#ports/read-models.ts'

/**
 * What to throw for an error met in the file at `path`: the port's own where it is the file's or the machine's fault, else
 * the bug as it is.
 */
export function asReadModelsError(path: string, error: unknown): unknown {
  if (isCorrupt(error) || isNotADatabase(error) || lacksWhatIsNamed(error)) return damaged(error)
  const outage = outageOf(path, error)
  return outage === undefined ? error : new ReadModelsUnavailable(outage, { cause: error })
}

/** Bytes of the file are not what was written. */
export function damaged(cause: unknown): ReadModelsUnavailable {
  return new ReadModelsUnavailable(
    'The read-model file is damaged: stop, delete it and start again; it is made anew from the log.',
    { cause },
  )
}
