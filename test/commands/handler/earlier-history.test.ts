import { describe, expect, it } from 'vitest'
import { EarlierDocuments } from '#commands/handler/earlier-documents.ts'
import { LogReader } from '#commands/handler/log-reader.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import { systemPace } from '#ports/pace.ts'
import { openedBooks, type WriteSide } from '#test/support/write-side.ts'

const acts = 20
const wide = 400 * 1024

describe('a history that is followed back', () => {
  it('is kept as far as 4 MiB of JSON go; of the rest only the revisions, as numbers', async () => {
    await using side = await openedBooks()
    const last = await actedOn(side)
    const { revisions, kept } = await widened(side).earlier(last, () => false)
    expect(revisions).toEqual([...Array.from({ length: acts - 1 }, (_, act) => 23 - act), 2])
    expect(kept.map(({ revision }) => Number(revision))).toEqual(revisions.slice(0, 10))
  })

  it('comes to the same, whether it was kept or read again', async () => {
    await using side = await openedBooks()
    const last = await actedOn(side)
    if (last.type !== 'AccountFrozen' && last.type !== 'AccountUnfrozen') throw new Error(last.type)
    const narrow = new LogReader({ store: side.store, pace: systemPace }, 'acme')
    const document = await new EarlierDocuments(widened(side)).before(last)
    expect(document).toMatchObject({ accountId: 'users:alice', frozen: 'debits' })
    expect(document).toEqual(await new EarlierDocuments(narrow).before(last))
  })
})

/** The last of many acts on one account. */
async function actedOn(side: WriteSide): Promise<RecordedEvent> {
  const named = { accountId: 'users:alice', reason: 'r' }
  for (let act = 0; act < acts; act += 2) {
    await side.ask('FreezeAccount', { ...named, direction: 'debits' })
    await side.ask('UnfreezeAccount', named)
  }
  const last = (await side.events()).at(-1)
  if (last === undefined) throw new Error('nothing was recorded')
  return last
}

/** Reads every event as if it had more characters than it has. */
function widened({ store }: WriteSide): LogReader {
  const readStream: typeof store.readStream = async (...range) =>
    (await store.readStream(...range)).map((stored) => ({
      ...stored,
      json: stored.json.padEnd(wide),
    }))
  return new LogReader({ store: { readStream }, pace: systemPace }, 'acme')
}
