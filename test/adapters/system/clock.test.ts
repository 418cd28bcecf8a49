import { expect, it } from 'vitest'
import { systemClock } from '#adapters/system/clock.ts'

it('the system clock tells the time and never runs backwards', () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000)
  const [first, second] = [systemClock.monotonic(), systemClock.monotonic()]
  expect(second).toBeGreaterThanOrEqual(first)
})
