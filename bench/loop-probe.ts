import { writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import process from 'node:process'
import { isMainThread } from 'node:worker_threads'

/**
 * Preloaded into the server (`node --import`): watches how late its main thread's timers are, anew from SIGUSR2 on, and
 * writes it down on SIGTERM, in milliseconds, to the file named by `BENCH_LOOP_FILE`.
 */

const resolutionMs = 1
const path = process.env['BENCH_LOOP_FILE']

if (isMainThread && path !== undefined) watch(path)

function watch(file: string): void {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs })
  delay.enable()
  process.on('SIGUSR2', () => delay.reset())
  process.once('SIGTERM', () => {
    const ms = (nanoseconds: number) => nanoseconds / 1e6
    const figures = {
      p50Ms: ms(delay.percentile(50)),
      p99Ms: ms(delay.percentile(99)),
      maxMs: ms(delay.max),
    }
    writeFileSync(file, JSON.stringify(figures))
  })
}
