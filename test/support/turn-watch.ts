import { Worker } from 'node:worker_threads'

const beatMs = 1_000
const patienceMs = 60_000

/**
 * Ends this process with `lastWords` on its standard error where the event loop takes no turn for a minute: a loop that
 * goes round for ever without waiting for anything keeps every time-out from being noticed, and nothing would be printed.
 */
export function watchTurns(lastWords: string, times = { beatMs, patienceMs }): void {
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const watch = new Worker(new URL('./turn-watch-thread.ts', import.meta.url), {
    workerData: { beats, lastWords, patienceMs: times.patienceMs },
    execArgv: [],
  })
  watch.unref()
  const beat = () => {
    Atomics.add(beats, 0, 1)
    Atomics.notify(beats, 0)
  }
  setInterval(beat, times.beatMs).unref()
}
