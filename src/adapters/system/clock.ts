import { performance } from 'node:perf_hooks'
import type { Clock } from '#ports/clock.ts'

/** This machine's clocks. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}
