import { uptime } from 'node:os'
import process from 'node:process'
import { expect, it } from 'vitest'
import { bootOf, systemClock } from '#adapters/system/clock.ts'

it('the system clock tells the time and never runs backwards', () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000)
  const [first, second] = [systemClock.monotonic(), systemClock.monotonic()]
  expect(second).toBeGreaterThanOrEqual(first)
})

it.skipIf(process.platform !== 'linux')('the system clock tells boots apart on Linux', () => {
  const boot = systemClock.boot?.()
  expect(boot?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/)
  expect(systemClock.boot?.()?.id).toBe(boot?.id)
  expect(Math.abs((boot?.sinceMs ?? 0) - uptime() * 1000)).toBeLessThan(1000)
})

it('the system clock tells no boots apart where they have no names', () => {
  expect(bootOf('/nowhere/boot_id')).toBeUndefined()
  expect(bootOf('/dev/null')).toBeUndefined()
})
