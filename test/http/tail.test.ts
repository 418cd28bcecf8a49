import { expect, it } from 'vitest'
import { openTail } from '#http/log/tail.ts'
import { someEvents } from '#test/contracts/event-store.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

it('the tail of a live log gives many readers a thousand events a turn, and each of them all', async () => {
  const store = new MemoryEventStore()
  const tail = openTail(store, recordingLogger().logger)
  const taken = Array.from({ length: 50 }, () => 0)
  let [inTurn, most] = [0, 0]
  const leaves = taken.map((_, index) =>
    tail.join('ledger-acme', -1n, (events) => {
      if (inTurn === 0) setImmediate(() => (inTurn = 0))
      inTurn += events.length
      most = Math.max(most, inTurn)
      taken[index] = (taken[index] ?? 0) + events.length
    }),
  )
  await store.append('ledger-acme', someEvents(150), 'no-stream')
  await expect.poll(() => taken.every((count) => count === 150)).toBe(true)
  for (const leave of leaves) leave?.()
  expect(most).toBeLessThanOrEqual(1_000)
})
