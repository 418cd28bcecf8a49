/** Work that goes on until it is disposed of. */
export type Running = AsyncDisposable & {
  /** Aborted, with the reason, when it ended by itself. */
  readonly failed: AbortSignal
}

/** Starts work that ends, by resolving, when its signal aborts; disposing waits for that. */
export function running(work: (signal: AbortSignal) => Promise<void>): Running {
  const stop = new AbortController()
  const failed = new AbortController()
  const begin = async () => {
    try {
      await work(stop.signal)
      if (!stop.signal.aborted) failed.abort(new Error('a role ended without being asked to'))
    } catch (error) {
      failed.abort(error)
    }
  }
  const ended = begin()
  return {
    failed: failed.signal,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await ended
    },
  }
}
