import { describe, expect, it } from 'vitest'
import { ledgerStream } from '#events/stream-names.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { depositing, openedBooks, WriteSide } from '#test/support/write-side.ts'

/** A ledger whose last event another program wrote, in a version that this one doesn't know. */
async function writtenByNewer() {
  const store = new MemoryEventStore()
  const side = await openedBooks({ store })
  await side.ask('PostTransaction', depositing('100'))
  const [last] = await store.readStream(ledgerStream('acme'), 5n, 1)
  const json = (last?.json ?? '')
    .replace('"revision":"5"', '"revision":"6"')
    .replace('"schemaVersion":1', '"schemaVersion":2')
  const newer = { id: 'of-a-newer-program', type: 'TransactionPosted', json }
  await store.append(ledgerStream('acme'), [newer], 5n)
  return { store, side }
}

const refusal = {
  kind: 'refused',
  status: 503,
  code: 'unavailable',
  detail:
    'TransactionPosted version 2 at acme revision 6 is newer than this program, which knows 1',
}

describe('a ledger that a newer program wrote to', () => {
  it('takes no command of a process that had it open, and gets no event of it', async () => {
    const { store, side } = await writtenByNewer()
    await using _ = side
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(refusal)
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(refusal)
    expect(await store.head(ledgerStream('acme'))).toBe(6n)
  })

  it('takes none of a process that opens it, not even on trial', async () => {
    const { store } = await writtenByNewer()
    await using side = new WriteSide({ store })
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(refusal)
    expect(await side.rehearse('PostTransaction', depositing('1'))).toMatchObject(refusal)
    expect(await store.head(ledgerStream('acme'))).toBe(6n)
  })
})
