import { stat } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { ReadModelsUnavailable } from '#ports/read-models.ts'
import { aReadModelFile } from '#test/adapters/sqlite/read-models-file.ts'
import { aChange, aTask, at, filled, main, tasks } from '#test/contracts/read-models-examples.ts'

const bounds = { viewsMax: 2, waitingMax: 2, waitMaxMs: 50, viewMaxMs: 60_000 }

describe('views beyond the bound', () => {
  it('wait for their turn in order of arrival', async () => {
    await using store = await filled(aReadModelFile, [aTask('a')])
    await using readModels = await store.store.openReadModels({ ...bounds, waitMaxMs: 5_000 })
    const [first, second] = [await readModels.view(main), await readModels.view(main)]
    const order: string[] = []
    const third = readModels.view(main).then((view) => (order.push('third'), view))
    const fourth = readModels.view(main).then((view) => (order.push('fourth'), view))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(order).toEqual([])
    await second[Symbol.asyncDispose]()
    await using given = await third
    expect(order).toEqual(['third'])
    expect(await given.get(tasks, 'a')).toEqual(aTask('a'))
    await first[Symbol.asyncDispose]()
    await using last = await fourth
    expect(await last.get(tasks, 'a')).toEqual(aTask('a'))
  })

  it('give up after a while, and at once where too many wait', async () => {
    await using store = await filled(aReadModelFile)
    await using readModels = await store.store.openReadModels(bounds)
    const [first, second] = [await readModels.view(main), await readModels.view(main)]
    const waiting = [readModels.view(main), readModels.view(main)]
    await expect(readModels.view(main)).rejects.toThrow(ReadModelsUnavailable)
    for (const view of waiting) await expect(view).rejects.toThrow('All 2 views')
    await second[Symbol.asyncDispose]()
    await expect(readModels.check()).resolves.toBeUndefined()
    await first[Symbol.asyncDispose]()
  })

  it('come free once, however often a view is closed', async () => {
    await using store = await filled(aReadModelFile)
    await using readModels = await store.store.openReadModels({ ...bounds, viewsMax: 1 })
    const first = await readModels.view(main)
    await first[Symbol.asyncDispose]()
    await first[Symbol.asyncDispose]()
    await using next = await readModels.view(main)
    await expect(readModels.view(main)).rejects.toThrow(ReadModelsUnavailable)
    expect(await next.checkpoint(tasks)).toBeUndefined()
    await expect(first.get(tasks, 'a')).rejects.toThrow('closed')
  })
})

describe('a view that stays open', () => {
  it('ends by itself and gives up its place', async () => {
    await using store = await filled(aReadModelFile, [aTask('a')])
    const short = { ...bounds, viewsMax: 1, viewMaxMs: 20, waitMaxMs: 5_000 }
    await using readModels = await store.store.openReadModels(short)
    await using stays = await readModels.view(main)
    expect(await stays.get(tasks, 'a')).toEqual(aTask('a'))
    await using next = await readModels.view(main)
    expect(await next.get(tasks, 'a')).toEqual(aTask('a'))
    await expect(stays.get(tasks, 'a')).rejects.toThrow(ReadModelsUnavailable)
  })

  it('keeps its moment through many commits', async () => {
    await using store = await filled(aReadModelFile, [aTask('a')])
    await using view = await store.readModels.view(main)
    for (let revision = 1n; revision <= 20n; revision += 1n)
      await store.writer.commit([
        aChange({
          expected: revision - 1n,
          checkpoint: at(revision),
          documents: [aTask('a', { number: String(revision) }, revision)],
        }),
      ])
    expect(await view.checkpoint(tasks)).toEqual(at(0n))
    expect(await view.get(tasks, 'a')).toEqual(aTask('a'))
  })
})

describe('closed views', () => {
  it('let the write-ahead log start over', async () => {
    await using file = await aReadModelFile()
    await using store = await filled(async () => file)
    const padding = 'x'.repeat(100_000)
    for (let revision = 0n; revision < 900n; revision += 1n) {
      await using view = await store.readModels.view(main)
      await view.get(tasks, 'a')
      const expected = revision === 0n ? undefined : revision - 1n
      const documents = [aTask('a', { padding }, revision)]
      await store.writer.commit([aChange({ expected, checkpoint: at(revision), documents })])
    }
    expect((await stat(`${file.path}-wal`)).size).toBeLessThan(60_000_000)
  })
})

describe('closing the read models', () => {
  it('refuses those who wait, waits for open views and refuses new ones', async () => {
    await using store = await filled(aReadModelFile, [aTask('a')])
    const readModels = await store.store.openReadModels({
      ...bounds,
      viewsMax: 1,
      waitMaxMs: 5_000,
    })
    const view = await readModels.view(main)
    const waiting = readModels.view(main)
    const closing = readModels[Symbol.asyncDispose]()
    await expect(waiting).rejects.toThrow('closed')
    await expect(readModels.check()).rejects.toThrow(ReadModelsUnavailable)
    expect(await view.get(tasks, 'a')).toEqual(aTask('a'))
    await view[Symbol.asyncDispose]()
    await expect(closing).resolves.toBeUndefined()
  })

  it('refuses a writer that is closed', async () => {
    await using store = await filled(aReadModelFile)
    await store.writer[Symbol.asyncDispose]()
    await expect(store.writer.checkpoint(tasks, main)).rejects.toThrow(ReadModelsUnavailable)
  })
})
