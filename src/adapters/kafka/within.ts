/** Something took longer than it may; what came of it is not known. */
class TookTooLong extends Error {
  override readonly name = 'TookTooLong'
}

export type Bounds = {
  /** What is waited for, to say in the error. */
  readonly what: string
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** Waits for the work, but not longer than that. The work itself goes on. @throws in time, and the signal's reason. */
export async function within<Result>(
  work: Promise<Result>,
  { what, timeoutMs, signal }: Bounds,
): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>()
  const aborted = () => reject(signal?.reason)
  const timer = setTimeout(
    () => reject(new TookTooLong(`${what} took longer than ${timeoutMs} ms`)),
    timeoutMs,
  )
  signal?.addEventListener('abort', aborted, { once: true })
  if (signal?.aborted) aborted()
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', aborted)
  }
}
