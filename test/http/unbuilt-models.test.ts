import { expect, it } from 'vitest'
import { ledgers } from '#projections/ledgers.ts'
import { queries } from '#queries/all-queries.ts'
import { project, type Store } from '#test/queries/asking.ts'
import { Books } from '#test/queries/books.ts'
import { closeAfterwards, describeOnEngines } from '#test/queries/engines.ts'
import { openHarness, read } from '#test/support/http-harness.ts'

closeAfterwards()

const startedAt = '2026-01-01T00:00:00.000Z'

function oneLedger(): Books {
  const books = new Books()
  books.do('OpenLedger', { ledgerId: 'acme', name: 'Acme', assets: [{ asset: 'USD/2' }] })
  return books
}

describeOnEngines('the list of ledgers', (open) => {
  const { events } = oneLedger()

  /** Over these read models, beside a log that holds one ledger or none. */
  async function answered(readModels: Store, { isStored }: { readonly isStored: boolean }) {
    await using http = await openHarness({ readModels })
    if (isStored) await http.append(events)
    return await read(http.request('/v1/ledgers'))
  }

  it.each([
    { built: 'nothing', begin: async () => {} },
    { built: 'a part', begin: (store: Store) => store.startBuild(ledgers, startedAt) },
  ])('is refused for now where $built is built of what the log holds', async ({ begin }) => {
    const store = await open()
    await begin(store)
    const { status, headers, body } = await answered(store, { isStored: true })
    expect([status, headers.get('retry-after')]).toEqual([503, '1'])
    expect(body).toMatchObject({ code: 'projection-behind', context: { applied: null } })
  })

  it('of an empty log is empty at once', async () => {
    const store = await open()
    for (const begin of [async () => {}, () => store.startBuild(ledgers, startedAt)]) {
      await begin()
      const { status, body } = await answered(store, { isStored: false })
      expect([status, body['data']]).toEqual([200, []])
    }
  })

  it('is whole again once the build serves', async () => {
    const store = await open()
    const build = await store.startBuild(ledgers, startedAt)
    const built = { ...ledgers, build }
    await project(store, events, [built])
    expect((await answered(store, { isStored: true })).status).toBe(503)
    await store.serveBuild(built)
    const { status, body } = await answered(store, { isStored: true })
    expect(status).toBe(200)
    expect(body).toMatchObject({ data: [{ ledgerId: 'acme' }] })
  })

  it('is read out of the version before until the new one is built', async () => {
    const store = await open()
    await project(store, events, [ledgers])
    const newer = { ...ledgers, version: ledgers.version + 1, previous: ledgers }
    await store.startBuild(newer, startedAt)
    const listLedgers = { ...queries.listLedgers, models: [newer] }
    await using http = await openHarness({
      readModels: store,
      queries: { ...queries, listLedgers },
    })
    await http.append(events)
    const { status, body } = await read(http.request('/v1/ledgers'))
    expect(status).toBe(200)
    expect(body).toMatchObject({ data: [{ ledgerId: 'acme' }] })
  })
})
