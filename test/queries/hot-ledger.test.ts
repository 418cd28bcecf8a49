import { expect, it } from 'vitest'
import type { ReadModels, ReadView } from '#ports/read-models.ts'
import { allProjections } from '#projections/all-projections.ts'
import { ledgers } from '#projections/ledgers.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import { inView } from '#queries/in-view.ts'
import { ask, type Asked, project, type QueryName, type Store } from '#test/queries/asking.ts'
import { Books, postingOf } from '#test/queries/books.ts'
import { closeAfterwards, describeOnEngines } from '#test/queries/engines.ts'
import { inAcme } from '#test/queries/example-books.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { stored, streamsOf } from '#test/support/stored-events.ts'

closeAfterwards()

const users = 12
const knownAtFirst = 40
const readingsEach = 2

/** Every transaction moves the bank, and both assets. */
function busyBooks(): Books {
  const books = new Books()
  const assets = [{ asset: 'EUR/2' }, { asset: 'USD/2' }]
  books.do('OpenLedger', { ledgerId: 'acme', name: 'Acme', assets })
  books.do('OpenAccount', { accountId: 'bank', type: 'asset' })
  for (let user = 0; user < users; user += 1)
    books.do('OpenAccount', { accountId: `users:${user}`, type: 'liability' })
  for (let index = 0; index < 300; index += 1) {
    const usd = postingOf(`bank -> users:${index % users} ${index + 1}`)
    books.do('PostTransaction', { postings: [usd, { ...usd, asset: 'EUR/2' }] })
  }
  return books
}

const books = busyBooks()
const timeOf = (revision: number) => books.events[revision]?.recordedAt ?? ''

/** Read models into which the next event comes before every second reading of documents. */
function movingOn(store: Store): Pick<ReadModels, 'view'> {
  const log = books.events.map((event) => stored(event))
  const { logger } = recordingLogger()
  const parts = { projections: allProjections, writer: store, store: streamsOf(log), logger }
  const projector = createProjector(parts)
  let applied = knownAtFirst
  let readings = 0
  const moveOn = async () => {
    readings += 1
    if (readings % readingsEach !== 0) return
    await projector.apply(log.slice(applied, applied + 1))
    applied += 1
  }
  return {
    async view(ledgerId) {
      const view = await store.view(ledgerId)
      return {
        ...view,
        get: (model, id) => moveOn().then(() => view.get(model, id)),
        find: (model, find) => moveOn().then(() => view.find(model, find)),
      }
    },
  }
}

/** A question put to that view, which stays open. */
function askIn(view: ReadView, name: QueryName, asked: Asked) {
  const open = { ...view, async [Symbol.asyncDispose]() {} }
  return ask({ ...openMemoryReadModels(), view: async () => open }, name, asked, { limit: 1_000 })
}

describeOnEngines('a ledger that moves on while it is read', (open) => {
  const bank = { ...inAcme, accountId: 'bank' }
  it.each<readonly [QueryName, Asked]>([
    ['accountBalances', bank],
    ['accountBalances', { ...bank, recordedAt: timeOf(20) }],
    ['accountBalances', { ...bank, effectiveAt: timeOf(20) }],
    ['accountBalances', { ...bank, effectiveAt: timeOf(30), recordedAt: timeOf(20) }],
    ['accountStatement', { ...bank, asset: 'USD/2', from: timeOf(20) }],
    ['listAccounts', inAcme],
    ['listTransactions', { ...inAcme, account: 'bank' }],
    ['trialBalance', inAcme],
    ['trialBalance', { ...inAcme, recordedAt: timeOf(20) }],
    ['trialBalance', { ...inAcme, effectiveAt: timeOf(20) }],
    ['trialBalance', { ...inAcme, effectiveAt: timeOf(30), atRevision: '20' }],
  ])('answers as of one revision: %s %j', async (name, asked) => {
    const store = await open()
    await project(store, books.events.slice(0, knownAtFirst))
    const { answer, revision } = await inView(movingOn(store), 'acme', async (view) => ({
      answer: await askIn(view, name, asked),
      revision: (await view.checkpoint(ledgers))?.revision ?? -1n,
    }))
    const whole = openMemoryReadModels()
    await project(whole, books.events.slice(0, Number(revision) + 1))
    expect(answer).toEqual(await ask(whole, name, asked, { limit: 1_000 }))
  })
})
