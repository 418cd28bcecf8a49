import { randomFillSync } from 'node:crypto'

const idBytes = 16

/** Asking for random bytes costs more than the bytes: many ids' at a time. */
const pool = Buffer.alloc(256 * idBytes)
let used = pool.length

/** 128 random bits in 22 characters (a UUID takes 36): such ids stand in every event, three times, and an append has a size. */
export function randomId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += idBytes
  return pool.toString('base64url', used - idBytes, used)
}
