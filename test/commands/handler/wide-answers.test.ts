import { describe, expect, it } from 'vitest'
import type { Outcome } from '#commands/handler/outcome.ts'
import { asAnswered, item, WriteSide } from '#test/support/write-side.ts'
import type { JsonObject } from '#values/json.ts'

const assets = Array.from({ length: 40 }, (_, index) => ({ asset: `${letters(index)}/2` }))
const freezing = { accountId: 'bank', direction: 'debits', reason: 'r' }

describe('the answer to an act on an account with many assets', () => {
  it('is made when it is asked for, and not kept', async () => {
    await using side = await openedWide()
    const fresh = await side.ask('FreezeAccount', freezing, { key: 'f' })
    const again = await side.ask('FreezeAccount', freezing, { key: 'f' })
    const tried = await side.rehearse('UnfreezeAccount', { accountId: 'bank', reason: 'r' })
    for (const outcome of [fresh, again, tried])
      expect(resourceIn(outcome)).not.toBe(resourceIn(outcome))
  })

  it('tells the balances as they were, whatever is posted before it is looked at', async () => {
    await using side = await openedWide()
    const outcome = await side.ask('FreezeAccount', { ...freezing, direction: 'credits' })
    await posting(side, '5')
    expect(outcome).toMatchObject({
      kind: 'accepted',
      data: { frozen: 'credits', balances: each('7') },
    })
  })

  it('is the same when it is asked again', async () => {
    await using side = await openedWide()
    const outcome = await side.ask('FreezeAccount', freezing, { key: 'f' })
    await side.ask('UnfreezeAccount', { accountId: 'bank', reason: 'r' })
    await posting(side, '5')
    const again = await side.ask('FreezeAccount', freezing, { key: 'f' })
    expect(again).toMatchObject({ replayed: true })
    expect(asAnswered(again)).toBe(asAnswered(outcome))
  })

  it('is the same in a batch, and in a dry run of it', async () => {
    await using side = await openedWide()
    const batch = [
      item('FreezeAccount', freezing),
      item('UnfreezeAccount', { accountId: 'bank', reason: 'r' }),
    ]
    const tried = await side.rehearseBatch('independent', batch)
    const done = await side.askBatch('independent', batch)
    expect(tried).toMatchObject({
      items: [{ data: { frozen: 'debits', balances: each('7') } }, { data: { frozen: 'none' } }],
    })
    expect(done).toMatchObject({ items: [{ data: { balances: each('7') } }, {}] })
  })
})

async function openedWide(): Promise<WriteSide> {
  const side = new WriteSide()
  await side.ask('OpenLedger', { ledgerId: 'acme', name: 'Acme', assets })
  await side.ask('OpenAccount', { accountId: 'bank', type: 'asset' })
  await side.ask('OpenAccount', { accountId: 'alice', type: 'liability' })
  await posting(side, '7')
  return side
}

function posting(side: WriteSide, amount: string) {
  const postings = assets.map(({ asset }) => ({ debit: 'bank', credit: 'alice', asset, amount }))
  return side.ask('PostTransaction', { postings })
}

function each(posted: string) {
  return assets.map(({ asset }) => ({ accountId: 'bank', asset, posted }))
}

function resourceIn(outcome: Outcome): JsonObject {
  if (outcome.kind !== 'accepted') throw new Error(outcome.detail)
  return outcome.data
}

/** In order: AA, AB … */
function letters(index: number): string {
  return String.fromCodePoint(65 + Math.floor(index / 26), 65 + (index % 26))
}
