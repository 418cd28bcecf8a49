import {
  MongoAPIError,
  MongoBulkWriteError,
  MongoClientClosedError,
  MongoError,
  MongoInvalidArgumentError,
  MongoNotConnectedError,
  MongoParseError,
  MongoServerError,
  MongoTopologyClosedError,
} from 'mongodb'
import { ReadModelsUnavailable } from '#ports/read-models.ts'

const duplicateKey = 11_000
const documentTooLarge = 10_334

// https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml: what a wrong statement of ours is answered with.
const bugCodes: ReadonlySet<unknown> = new Set([
  2, 9, 14, 15, 28, 40, 52, 55, 56, 57, 59, 66, 67, 72, 85, 86, 10_334, 11_000, 17_280, 17_419,
  17_420, 51_024,
])

const unreachable = 'MongoDB, with the read models, cannot be reached.'

const refusedCodes: ReadonlySet<unknown> = new Set([13, 18, 8_000])

/**
 * What to throw for an error met at the server: the port's own where the server or the way there is at fault, in words of
 * ours; else the bug as it is.
 */
export function asReadModelsError(error: unknown): unknown {
  if (isOfNetwork(error)) return new ReadModelsUnavailable(unreachable, { cause: error })
  if (!(error instanceof MongoError) || isBug(error)) return error
  return new ReadModelsUnavailable(sentenceOf(error), { cause: error })
}

/** Node's own, which the driver passes on where a connection breaks while it writes. */
function isOfNetwork(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return 'syscall' in error || /^ERR_(STREAM|SOCKET|TLS|SSL)_/.test(String(error.code))
}

/** Whether the write failed because another document with the `_id` is there, and for no other reason. */
export function isDuplicate(error: unknown): error is MongoServerError {
  if (error instanceof MongoBulkWriteError) {
    const failed = [error.writeErrors].flat()
    const complete = error.result.getWriteConcernError() === undefined
    return complete && failed.length > 0 && failed.every(({ code }) => code === duplicateKey)
  }
  return error instanceof MongoServerError && error.code === duplicateKey
}

/** Whether a document may have been too large: the server says so, or the driver, or what it writes BSON with. */
export function isOfSize(error: unknown): boolean {
  if (error instanceof MongoServerError) return error.code === documentTooLarge
  return error instanceof MongoInvalidArgumentError || error instanceof RangeError
}

function isBug(error: MongoError): boolean {
  if (lacksIndex(error)) return false
  if (error instanceof MongoBulkWriteError)
    return [error.writeErrors]
      .flat()
      .some(({ code }) => code !== duplicateKey && bugCodes.has(code))
  if (error instanceof MongoServerError) return bugCodes.has(error.code)
  const closed =
    error instanceof MongoClientClosedError ||
    error instanceof MongoNotConnectedError ||
    error instanceof MongoTopologyClosedError
  return (error instanceof MongoAPIError && !closed) || error instanceof MongoParseError
}

/** Whether a find named an index that is not there: the projector is about to make it. */
function lacksIndex(error: MongoError): boolean {
  return error instanceof MongoServerError && error.code === 2 && /\bhint\b/.test(error.message)
}

function sentenceOf(error: MongoError): string {
  if (lacksIndex(error)) return 'An index of a read model is being built in MongoDB.'
  if (!(error instanceof MongoServerError)) return unreachable
  if (refusedCodes.has(error.code)) return 'MongoDB, with the read models, refuses our credentials.'
  return 'MongoDB, with the read models, cannot do its work now.'
}
