import { setTimeout as sleep } from 'node:timers/promises'
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

it('the tails of many streams give and read together no more in a turn than that of one', async () => {
  const store = new MemoryEventStore()
  const tail = openTail(store, recordingLogger().logger)
  const taken = Array.from({ length: 200 }, () => 0)
  const inTurn = { given: 0, reads: 0 }
  const most = { ...inTurn }
  const count = (what: keyof typeof inTurn, amount: number) => {
    inTurn[what] += amount
    most[what] = Math.max(most[what], inTurn[what])
  }
  let atTurn = setImmediate(function nextTurn() {
    Object.assign(inTurn, { given: 0, reads: 0 })
    atTurn = setImmediate(nextTurn)
  })
  for (const index of taken.keys())
    await store.append(`ledger-${index}`, someEvents(150), 'no-stream')
  store.beforeRead = async () => count('reads', 1)
  const leaves = taken.map((_, index) =>
    tail.join(`ledger-${index}`, -1n, (events) => {
      count('given', events.length)
      taken[index] = (taken[index] ?? 0) + events.length
    }),
  )
  await expect.poll(() => taken.every((events) => events === 150)).toBe(true)
  await sleep(100)
  for (const leave of leaves) leave?.()
  clearImmediate(atTurn)
  expect(most.given).toBeLessThanOrEqual(1_000)
  expect(most.reads).toBeLessThanOrEqual(50)
})
