import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  aFolder,
  appendsSaid,
  kill,
  soundAppends,
  startAppender,
} from '#test/faults/event-store-faults.ts'

/** The slower one's share of the faster one's commits: far from 1 on a busy machine, near 0 for one that starves. */
const shareMin = 0.2

describe('two processes that always have more to write to one log', () => {
  it('take turns, and neither starves', { timeout: 60_000 }, async () => {
    using at = aFolder()
    const appenders = [
      await startAppender([at.folder, 'one', 8]),
      await startAppender([at.folder, 'two', 8]),
    ]
    for (const { begin } of appenders) begin()
    await sleep(3_000)
    await Promise.all(appenders.map(({ child }) => kill(child)))
    const stored = await soundAppends(at.folder)
    const counts = appenders.map(({ lines }) => appendsSaid(lines, 'stored').length)
    expect(Math.min(...counts) / Math.max(...counts)).toBeGreaterThan(shareMin)
    for (const { lines } of appenders) {
      expect(appendsSaid(lines, 'stored').filter((batch) => !stored.has(batch))).toEqual([])
      expect(lines.filter((line) => 'outcome' in line && line.outcome !== 'stored')).toEqual([])
    }
  })
})
