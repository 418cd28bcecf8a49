import type { Clock } from '#ports/clock.ts'

/** How long what was seen is told again, or as long as it took to see it, whichever is longer. */
const sharedMs = 1_000

/**
 * A look that costs much, however many ask: one is made at a time, and shared by all who ask meanwhile or soon after it. One
 * that failed is shared only by those who asked meanwhile.
 */
export function sharedLook<Seen>(
  look: () => Promise<Seen>,
  clock: Pick<Clock, 'monotonic'>,
): () => Promise<Seen> {
  let last: Promise<Seen> | undefined
  let goodUntil = Number.POSITIVE_INFINITY

  const begin = async () => {
    const begun = clock.monotonic()
    goodUntil = Number.POSITIVE_INFINITY
    try {
      const seen = await look()
      const ended = clock.monotonic()
      goodUntil = ended + Math.max(sharedMs, ended - begun)
      return seen
    } catch (error) {
      last = undefined
      throw error
    }
  }

  return () => {
    if (last === undefined || clock.monotonic() >= goodUntil) last = begin()
    return last
  }
}
