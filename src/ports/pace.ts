/**
 * Waiting and chance, as far as no other port brings them: everything else that makes one run differ from the next. A
 * test hands in one of its own and so decides what happens in which order.
 */
export type Pace = {
  /** Resolves after `ms`, or at once when the signal aborts. Never rejects. */
  pause(ms: number, signal?: AbortSignal): Promise<void>
  /** One turn of the event loop: what has arrived meanwhile comes first. */
  turn(): Promise<void>
  /** Runs it every `ms` until the function that is given back is called. */
  every(ms: number, run: () => void): () => void
  /** From 0 on, below 1. */
  random(): number
}

/** The pace of this process: timers and turns as they are. */
export const systemPace: Pace = {
  pause: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const over = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', over)
        resolve()
      }
      const timer = setTimeout(over, ms)
      signal?.addEventListener('abort', over)
    }),
  turn: () =>
    new Promise((resolve) => {
      setImmediate(resolve)
    }),
  every(ms, run) {
    const timer = setInterval(run, ms)
    return () => clearInterval(timer)
  },
  random: () => Math.random(),
}
