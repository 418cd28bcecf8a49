import { randomBytes } from 'node:crypto'

/** 128 random bits in 22 characters (a UUID takes 36): such ids stand in every event, three times, and an append has a size. */
export function randomId(): string {
  return randomBytes(16).toString('base64url')
}
