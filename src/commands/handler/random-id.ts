import { randomFillSync } from 'node:crypto'

const randomBytes = 10

/** Asking for random bytes costs more than the bytes: many ids' at a time. */
const pool = Buffer.alloc(256 * randomBytes)
let used = pool.length

let lastMs = 0
let begin = ''

/**
 * An id that nobody else makes, in 22 characters (a UUID takes 36): such ids stand in every event, three times, and an
 * append has a size. Begins with the time, as UUIDv7 does, so that indexes by such ids grow at one place: 80 random bits
 * within a millisecond.
 */
export function randomId(): string {
  const now = Date.now()
  if (now !== lastMs) {
    lastMs = now
    begin = now.toString(36)
  }
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += randomBytes
  return begin + pool.toString('base64url', used - randomBytes, used)
}
