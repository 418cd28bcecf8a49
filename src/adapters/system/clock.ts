import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'
import { performance } from 'node:perf_hooks'
import type { Boot, Clock } from '#ports/clock.ts'

/** This machine's clocks. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  boot: () => bootOf('/proc/sys/kernel/random/boot_id'),
}

/** Only Linux names its boots; a container has those of its host. */
export function bootOf(idFile: string): Boot | undefined {
  try {
    const id = readFileSync(idFile, 'utf8').trim()
    return id === '' ? undefined : { id, sinceMs: Math.round(uptime() * 1000) }
  } catch {
    return undefined
  }
}
