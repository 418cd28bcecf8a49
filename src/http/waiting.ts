import type { Clock } from '#ports/clock.ts'

const pauseFirstMs = 2
const pauseMaxMs = 10

/**
 * Tries again, with growing pauses, until the attempt comes to something or `waitMs` have passed; gives what the last
 * attempt came to, undefined if it was nothing.
 */
export async function waitFor<Result>(
  attempt: () => Promise<Result | undefined>,
  { clock, waitMs }: { readonly clock: Clock; readonly waitMs: number },
): Promise<Result | undefined> {
  const deadline = clock.monotonic() + waitMs
  for (let pauseMs = pauseFirstMs; ; pauseMs = Math.min(2 * pauseMs, pauseMaxMs)) {
    const result = await attempt()
    if (result !== undefined || clock.monotonic() >= deadline) return result
    await pause(pauseMs)
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

/** Until the event loop has looked after all else once. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
