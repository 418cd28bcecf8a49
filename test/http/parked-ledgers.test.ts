import { expect, it } from 'vitest'
import { ledgers } from '#projections/ledgers.ts'
import { project, type Store } from '#test/queries/asking.ts'
import { Books } from '#test/queries/books.ts'
import { closeAfterwards, describeOnEngines } from '#test/queries/engines.ts'
import { openHarness, read } from '#test/support/http-harness.ts'

closeAfterwards()

const names = ['acme', 'bolt', 'cord'] as const
const parked = { revision: 1n, reason: 'ledger bolt was never opened' }
const shown = { revision: '1', reason: parked.reason }

function opened(ledgerId: string): Books {
  const books = new Books(ledgerId)
  books.do('OpenLedger', { ledgerId, name: `The first ${ledgerId}`, assets: [{ asset: 'USD/2' }] })
  return books
}

/** Renamed at revision 1. */
function renamed(ledgerId: string): Books {
  const books = opened(ledgerId)
  books.do('ChangeLedger', { name: `The second ${ledgerId}` })
  return books
}

describeOnEngines('the list of ledgers, one of which is parked', (open) => {
  async function three(): Promise<Store> {
    const store = await open()
    for (const name of names)
      await project(store, name === 'bolt' ? opened(name).events : renamed(name).events, [ledgers])
    return store
  }

  async function move(store: Store, stop: { readonly parked?: typeof parked }): Promise<void> {
    const { recordedAt = '' } = opened('bolt').events[0] ?? {}
    const checkpoint = { revision: 0n, recordedAt, ...stop }
    const change = { model: ledgers, ledgerId: 'bolt', expected: 0n, checkpoint, documents: [] }
    expect(await store.commit([change])).toBe(true)
  }

  async function listed(readModels: Store, query = '') {
    await using http = await openHarness({ readModels })
    const answers = []
    // The second answer on is one that was kept, where the store can tell.
    for (let times = 0; times < 3; times += 1) {
      const { status, body } = await read(http.request(`/v1/ledgers${query}`))
      answers.push({ status, lines: linesIn(body['data']) })
    }
    expect(answers).toEqual([answers[0], answers[0], answers[0]])
    return answers[0]
  }

  it('has all of them, and the line of that one says where and why it stands still', async () => {
    const store = await three()
    await move(store, { parked })
    expect(await listed(store)).toEqual({
      status: 200,
      lines: [
        ['acme', 'The second acme', '1', undefined],
        ['bolt', 'The first bolt', '0', shown],
        ['cord', 'The second cord', '1', undefined],
      ],
    })
  })

  it('says so on whichever page the line is', async () => {
    const store = await three()
    await move(store, { parked })
    await using http = await openHarness({ readModels: store })
    const pages: unknown[] = []
    let more = ''
    for (let number = 0; number < names.length; number += 1) {
      const { body } = await read(http.request(`/v1/ledgers?limit=1${more}`))
      pages.push(linesIn(body['data']).map(([ledgerId, , , where]) => [ledgerId, where]))
      more = `&cursor=${Reflect.get(Object(body['page']), 'next')}`
    }
    expect(pages).toEqual([[['acme', undefined]], [['bolt', shown]], [['cord', undefined]]])
  })

  it('says nothing of it before, and none once the ledger goes on', async () => {
    const store = await three()
    const marks = async () => (await listed(store))?.lines.map(([, , , where]) => where)
    expect(await marks()).toEqual([undefined, undefined, undefined])
    await move(store, { parked })
    expect(await marks()).toEqual([undefined, shown, undefined])
    await move(store, {})
    await project(store, renamed('bolt').events, [ledgers])
    expect((await listed(store))?.lines[1]).toEqual(['bolt', 'The second bolt', '1', undefined])
  })

  it('tells at once where a list that was asked for before is of a ledger parked since', async () => {
    const store = await three()
    await using http = await openHarness({ readModels: store })
    const ask = async () => linesIn((await read(http.request('/v1/ledgers'))).body['data'])[1]?.[3]
    for (let times = 0; times < 3; times += 1) expect(await ask()).toBeUndefined()
    await move(store, { parked })
    expect(await ask()).toEqual(shown)
  })

  it('is marked by the read model of ledgers alone', async () => {
    const store = await three()
    const other = { ...ledgers, name: 'others', acrossLedgers: [] }
    await store.prepare(other)
    const checkpoint = { revision: -1n, recordedAt: '2026-01-01T00:00:00.000Z', parked }
    await store.commit([
      { model: other, ledgerId: 'acme', expected: undefined, checkpoint, documents: [] },
    ])
    expect((await listed(store))?.lines.map(([, , , where]) => where)).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})

function linesIn(data: unknown): (readonly unknown[])[] {
  return Array.from(Object(data), (line) =>
    ['ledgerId', 'name', 'revision', 'parked'].map((name) => Reflect.get(Object(line), name)),
  )
}
