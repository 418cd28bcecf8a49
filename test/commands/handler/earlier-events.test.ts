import { describe, expect, it } from 'vitest'
import type { Outcome } from '#commands/handler/outcome.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { depositing, item, openedBooks } from '#test/support/write-side.ts'

const reversing = (transactionId: string) => ({ transactionId, reason: 'a mistake' })

describe('a decision that looks at an earlier event', () => {
  it('finds it also where it arrived while another was being looked up', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    await side.ask('PostTransaction', depositing('100'))
    await side.ask('PostTransaction', depositing('200'))
    let late: Promise<Outcome> | undefined
    store.beforeRead = async () => {
      store.beforeRead = undefined
      late = side.ask('ReverseTransaction', reversing('6'))
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    expect(await side.ask('ReverseTransaction', reversing('5'))).toMatchObject({ revision: 7n })
    expect(await late).toMatchObject({ kind: 'accepted', revision: 8n })
  })

  it('finds it also behind more commands than one append takes', async () => {
    await using side = await openedBooks()
    const deposit = await side.ask('PostTransaction', depositing('100'), { key: 'k' })
    const again = Array.from({ length: 600 }, () => item('PostTransaction', depositing('100'), 'k'))
    const reversal = item('ReverseTransaction', reversing('5'))
    const outcome = await side.askBatch('independent', [...again, reversal])
    const items = 'items' in outcome ? outcome.items : []
    expect(items[599]).toEqual({ ...deposit, replayed: true })
    expect(items[600]).toMatchObject({ kind: 'accepted', revision: 6n })
  })

  it('finds it where it is decided in the same append', async () => {
    const store = new MemoryEventStore()
    await using side = await openedBooks({ store })
    const before = store.appends.length
    const [, reversal, reinstatement] = await Promise.all([
      side.ask('PostTransaction', depositing('100')),
      side.ask('ReverseTransaction', reversing('5')),
      side.ask('ReverseTransaction', reversing('6')),
    ])
    expect([reversal, reinstatement]).toMatchObject([
      { data: { kind: 'reversal' } },
      { data: { kind: 'reinstatement' } },
    ])
    expect(store.appends.length - before).toBe(1)
  })
})
