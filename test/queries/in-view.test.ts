import { describe, expect, it } from 'vitest'
import { ReadModelsUnavailable, ReadViewOutdated } from '#ports/read-models.ts'
import { accounts } from '#projections/accounts.ts'
import { dueHolds } from '#queries/due-holds.ts'
import { inView, viewTriesMax } from '#queries/in-view.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { passingViews, times } from '#test/support/passing-views.ts'

const passing = (count: number) => passingViews(openMemoryReadModels(), times(count))

describe('a question asked while the read models move on', () => {
  it('is asked again from the start, in a view of its own each time', async () => {
    const views = new Set<object>()
    const readModels = passing(viewTriesMax - 1)
    const answer = await inView(readModels, 'acme', async (view) => {
      views.add(view)
      return (await view.get(accounts, 'cash')) ?? 'none'
    })
    expect([answer, views.size]).toEqual(['none', viewTriesMax])
  })

  it('is given up at last, as if the read models could not be reached', async () => {
    const given = inView(passing(Number.POSITIVE_INFINITY), 'acme', (view) =>
      view.get(accounts, 'cash'),
    )
    await expect(given).rejects.toThrow(ReadModelsUnavailable)
    await expect(given).rejects.toHaveProperty('cause', expect.any(ReadViewOutdated))
  })

  it('is not asked again after another error', async () => {
    let asked = 0
    const failing = inView(openMemoryReadModels(), 'acme', async () => {
      asked += 1
      throw new Error('a bug')
    })
    await expect(failing).rejects.toThrow('a bug')
    expect(asked).toBe(1)
  })

  it('leaves every view', async () => {
    let open = 0
    const models = openMemoryReadModels()
    const counted = {
      ...models,
      view: async (ledgerId: string | undefined) => {
        open += 1
        const view = await models.view(ledgerId)
        return { ...view, [Symbol.asyncDispose]: async () => void (open -= 1) }
      },
    }
    const readModels = passingViews(counted, times(2))
    await inView(readModels, 'acme', (view) => view.get(accounts, 'cash'))
    expect(open).toBe(0)
  })

  it('may be the one for due holds', async () => {
    const due = dueHolds(passing(2), '2026-03-02T12:00:00.000Z', { limit: 10 })
    await expect(due).resolves.toEqual([])
  })
})
