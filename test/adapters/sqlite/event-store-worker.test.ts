import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { AppendLine, waitingBytesMax } from '#adapters/sqlite/append-line.ts'
import { appendBytesMax } from '#ports/event-store.ts'
import { anEvent, aStream, someEvents } from '#test/contracts/event-store.ts'

/** A line before a thread that does this, in place of committing, with the first message it gets. */
function lineBefore(deed: string): AppendLine {
  const code = `require('node:worker_threads').parentPort.once('message', () => { ${deed} })`
  return new AppendLine(new Worker(code, { eval: true }))
}

const namesOf = (outcomes: readonly PromiseSettledResult<bigint>[]) =>
  outcomes.map((outcome) =>
    outcome.status === 'rejected' && outcome.reason instanceof Error
      ? outcome.reason.name
      : outcome.status,
  )

describe('a thread that ends while it commits', () => {
  it.each([
    ['by an error', "throw new Error('out of order')"],
    ['without a word', 'process.exit(0)'],
  ])('%s leaves its appends unknown and those that wait unstored', async (_, deed) => {
    const line = lineBefore(deed)
    const sent = line.append(aStream(), someEvents(1), 'no-stream')
    await Promise.resolve()
    await Promise.resolve()
    const waiting = line.append(aStream(), someEvents(1), 'no-stream')
    expect(namesOf(await Promise.allSettled([sent, waiting]))).toEqual([
      'AppendOutcomeUnknown',
      'EventStoreUnavailable',
    ])
    expect(line.failed.reason).toMatchObject({ name: 'AppendOutcomeUnknown' })
    await expect(line.append(aStream(), someEvents(1), 'no-stream')).rejects.toMatchObject({
      name: 'EventStoreUnavailable',
    })
    await line.close()
  })
})

describe('a line of appends before a slow disk', () => {
  it('has a bound, beyond which nothing is taken', async () => {
    const line = lineBefore("throw new Error('never mind')")
    const json = JSON.stringify('x'.repeat(appendBytesMax - 2))
    const fits = waitingBytesMax / appendBytesMax
    const appends = Array.from({ length: fits + 1 }, () =>
      line.append(aStream(), [anEvent({ json })], 'no-stream'),
    )
    await expect(appends.at(-1)).rejects.toThrow('too many appends are waiting')
    const outcomes = namesOf(await Promise.allSettled(appends.slice(0, fits)))
    expect(outcomes.filter((name) => name === 'AppendOutcomeUnknown')).toHaveLength(8)
    await line.close()
  })
})
