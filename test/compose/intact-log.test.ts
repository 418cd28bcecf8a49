import { describe, expect, it } from 'vitest'
import { intactLog } from '#compose/intact-log.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import { transactionPosted } from '#test/support/examples.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { stored, streamsOf } from '#test/support/stored-events.ts'

const stream = 'ledger-acme'
const sound = [0n, 1n, 2n, 3n].map((revision) => stored(transactionPosted({}, { revision })))

/** Everything that comes out of a log of these events, page by page, and how it ends. */
async function read(events: readonly StoredEvent[]) {
  const { logger, lines } = recordingLogger()
  const readAll = async (after: bigint = -1n, limit: number) =>
    events.filter(({ position }) => position > after).slice(0, limit)
  const log = intactLog({ ...streamsOf(events), readAll }, logger)
  const revisions: bigint[] = []
  try {
    for (;;) {
      const page = await log.readStream(stream, BigInt(revisions.length), 10)
      if (page.length === 0) return { revisions, lines }
      revisions.push(...page.map(({ revision }) => revision))
    }
  } catch (error) {
    return { revisions, lines, error }
  }
}

describe('a log that gives out nothing damaged', () => {
  it('gives out what is sound', async () => {
    expect(await read(sound)).toEqual({ revisions: [0n, 1n, 2n, 3n], lines: [] })
  })

  it('ends before a damaged event, names it, and says so to the operator', async () => {
    const damaged = sound.with(2, {
      ...stored(transactionPosted({}, { revision: 2n })),
      json: '{}',
    })
    const { revisions, lines, error } = await read(damaged)
    expect(revisions).toEqual([0n, 1n])
    expect(error).toMatchObject({
      name: 'EventLogDamaged',
      place: { stream, revision: 2n },
      message: `the event log is damaged at ${stream} revision 2: its bytes have changed`,
    })
    expect(lines[0]).toMatchObject({ level: 'error', message: 'the event log is damaged' })
  })

  it('passes over no event that is missing', async () => {
    const { revisions, error } = await read(sound.toSpliced(1, 1))
    expect(revisions).toEqual([0n])
    expect(error).toMatchObject({ name: 'EventLogDamaged', place: { stream, revision: 1n } })
  })
})
