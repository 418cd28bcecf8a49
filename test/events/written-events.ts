import * as fc from 'fast-check'
import { ledgerStream } from '#events/stream-names.ts'
import { eventfulBooks } from '#test/cli/audit/history.ts'
import { BooksRun } from '#test/support/books-run.ts'
import { anyPlan } from '#test/support/command-generators.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { SettableClock } from '#test/support/settable-clock.ts'
import { moving, openedBooks } from '#test/support/write-side.ts'
import type { JsonObject } from '#values/json.ts'

/** More than an event can hold: its refusal is recorded without it. */
const tooMuchToRecord = Array.from({ length: 500 }, () => ({
  debit: `users:${'x'.repeat(244)}`,
  credit: `users:${'y'.repeat(244)}`,
  asset: 'USD/2',
  amount: '1',
}))

/** A stored event, parsed. */
export type Written = {
  readonly type: string
  readonly schemaVersion: number
  readonly data: JsonObject
}

const plansCount = 40

/** What today's program stores: every type, every member that it can have, with and without it. The same every time. */
export async function writtenEvents(): Promise<readonly Written[]> {
  const texts = [...(await eventful()), ...(await everyMember()), ...(await atRandom())]
  return texts.map((json): Written => JSON.parse(json))
}

async function eventful(): Promise<readonly string[]> {
  return (await eventfulBooks()).map(({ json }) => json)
}

/** What a client may say or leave out, where the other histories don't. */
async function everyMember(): Promise<readonly string[]> {
  const store = new MemoryEventStore()
  await using side = await openedBooks({ store })
  const said = { description: 'as agreed', metadata: { note: 'n' } }
  await side.ask('ChangeLedger', { metadata: { region: 'north' } })
  await side.ask('RegisterAsset', { asset: 'CHF/2' })
  await side.ask('OpenAccount', {
    accountId: 'users:carol',
    type: 'liability',
    limits: { min: '-5', max: '900' },
    metadata: { tier: 'gold' },
  })
  for (const limits of [
    { min: null, max: null },
    { min: '-5', max: '900' },
  ])
    await side.ask('ChangeAccountLimits', { accountId: 'users:carol', limits })
  const paid = await side.ask('PostTransaction', {
    ...moving('bank:cash', 'users:alice', '900'),
    ...said,
    externalReference: 'bank 1',
  })
  const reversal = { transactionId: `${paid.revision}`, reason: 'r' }
  await side.ask('ReverseTransaction', {
    ...reversal,
    amounts: ['1'],
    ...said,
    externalReference: 'bank 2',
  })
  const placed = await side.ask('PlaceHold', {
    ...moving('users:alice', 'users:bob', '90'),
    ...said,
    externalReference: 'booking 1',
  })
  const holdId = `${placed.revision}`
  await side.ask('ExtendHold', { holdId, expiresAt: '2026-03-09T12:00:00Z' })
  await side.ask('CaptureHold', { holdId, amounts: ['10'], ...said, externalReference: 'visit 1' })
  await side.ask('CaptureHold', { holdId, final: true })
  await side.ask('SetMetadata', { accountId: 'users:nobody', metadata: { note: 'not there' } })
  await side.ask('PostTransaction', { postings: tooMuchToRecord })
  await side.ask('PostTransaction', moving('bank:cash', 'users:carol', '5'))
  await side.ask('PostTransaction', moving('users:carol', 'bank:cash', '5'))
  await side.ask('CloseAccount', { accountId: 'users:carol', reason: 'r' })
  await side.ask('ReopenAccount', { accountId: 'users:carol', reason: 'r' })
  return (await store.readStream(ledgerStream('acme'), 0n, 1000)).map(({ json }) => json)
}

/** Commands of any kind, from a fixed seed. */
async function atRandom(): Promise<readonly string[]> {
  const store = new MemoryEventStore()
  await using run = await BooksRun.begin(new SettableClock(), async () => store)
  for (const plan of fc.sample(anyPlan, { numRuns: plansCount, seed: 1 })) {
    run.pass(100)
    await run.ask(plan, 0)
  }
  return (await store.readStream(ledgerStream('acme'), 0n, 1000)).map(({ json }) => json)
}
