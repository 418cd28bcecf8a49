import { stat } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { type ReadModels, ReadModelsUnavailable, type ReadView } from '#ports/read-models.ts'
import { aReadModelFile } from '#test/adapters/sqlite/read-models-file.ts'
import {
  aChange,
  aTask,
  at,
  filled,
  main,
  other,
  tasks,
} from '#test/contracts/read-models-examples.ts'

const bounds = { viewsMax: 2, waitingMax: 2, waitMaxMs: 50, viewMaxMs: 60_000 }

/** In a turn of the event loop of its own: with others of one turn it would share a moment. */
async function viewApart(readModels: ReadModels): Promise<ReadView> {
  await turn()
  return readModels.view(main)
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

describe('views beyond the bound', () => {
  it('wait for their turn in order of arrival', async () => {
    await using store = await filled(aReadModelFile, [aTask('a')])
    await using readModels = await store.store.openReadModels({ ...bounds, waitMaxMs: 5_000 })
    const [first, second] = [await viewApart(readModels), await viewApart(readModels)]
    await turn()
    const order: string[] = []
    const third = readModels.view(main).then((view) => (order.push('third'), view))
    const fourth = readModels.check().then(() => order.push('fourth'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(order).toEqual([])
    await second[Symbol.asyncDispose]()
    await using given = await third
    expect(order).toEqual(['third'])
    expect(await given.get(tasks, 'a')).toEqual(aTask('a'))
    await first[Symbol.asyncDispose]()
    await fourth
    expect(order).toEqual(['third', 'fourth'])
  })

  it('give up after a while, and at once where too many wait', async () => {
    await using store = await filled(aReadModelFile)
    await using readModels = await store.store.openReadModels(bounds)
    const [first, second] = [await viewApart(readModels), await viewApart(readModels)]
    await turn()
    const waiting = [readModels.check(), readModels.check()]
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
    await using next = await viewApart(readModels)
    await expect(viewApart(readModels)).rejects.toThrow(ReadModelsUnavailable)
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
    await using next = await viewApart(readModels)
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

describe('views of one turn of the event loop', () => {
  const one = { ...bounds, viewsMax: 1 }

  it('share a moment, which ends with the last of them', async () => {
    await using store = await filled(aReadModelFile, [aTask('a')])
    await using readModels = await store.store.openReadModels(one)
    const first = await readModels.view(main)
    const second = await readModels.view(main)
    await first[Symbol.asyncDispose]()
    await expect(first.get(tasks, 'a')).rejects.toThrow('closed')
    await expect(first.checkpoint(tasks)).rejects.toThrow('closed')
    await expect(viewApart(readModels)).rejects.toThrow('All 1 views')
    expect(await second.get(tasks, 'a')).toEqual(aTask('a'))
    await second[Symbol.asyncDispose]()
    await using third = await viewApart(readModels)
    expect(await third.checkpoint(tasks)).toEqual(at(0n))
  })

  it('share one that is still being opened, or waits for its turn, however many they are', async () => {
    await using store = await filled(aReadModelFile, [aTask('a')])
    await using readModels = await store.store.openReadModels({ ...one, waitMaxMs: 5_000 })
    const before = await readModels.view(main)
    await turn()
    const opening = Array.from({ length: 20 }, () => readModels.view(main))
    await turn()
    await before[Symbol.asyncDispose]()
    const views = await Promise.all(opening)
    for (const view of views) {
      expect(await view.get(tasks, 'a')).toEqual(aTask('a'))
      await view[Symbol.asyncDispose]()
    }
    await using next = await viewApart(readModels)
    expect(await next.checkpoint(tasks)).toEqual(at(0n))
  })

  it('do not share one that waits for its turn where something was committed in between', async () => {
    await using store = await filled(aReadModelFile, [aTask('a')])
    await using readModels = await store.store.openReadModels({ ...one, waitMaxMs: 5_000 })
    await using writer = await store.store.openWriter()
    const before = await readModels.view(main)
    await turn()
    const waits = readModels.view(main)
    await writer.commit([aChange({ expected: 0n, checkpoint: at(1n), documents: [] })])
    const later = readModels.view(main)
    await before[Symbol.asyncDispose]()
    for (const opening of [waits, later]) {
      const view = await opening
      expect(await view.checkpoint(tasks)).toEqual(at(1n))
      await view[Symbol.asyncDispose]()
    }
  })

  it('fail together where their moment cannot be had, and not those after them', async () => {
    await using store = await filled(aReadModelFile, [aTask('a')])
    await using readModels = await store.store.openReadModels(one)
    const before = await readModels.view(main)
    await turn()
    const opening = Array.from({ length: 20 }, () => readModels.view(main))
    for (const view of opening) await expect(view).rejects.toThrow('All 1 views')
    await before[Symbol.asyncDispose]()
    await using next = await readModels.view(main)
    expect(await next.get(tasks, 'a')).toEqual(aTask('a'))
  })

  it('are of two moments where something was committed in between', async () => {
    await using store = await filled(aReadModelFile, [aTask('a')])
    await using readModels = await store.store.openReadModels()
    await using writer = await store.store.openWriter()
    await turn()
    await using before = await readModels.view(main)
    expect(await before.checkpoint(tasks)).toEqual(at(0n))
    const documents = [aTask('a', { number: '1' }, 1n)]
    await writer.commit([aChange({ expected: 0n, checkpoint: at(1n), documents })])
    await using after = await readModels.view(main)
    expect(await after.checkpoint(tasks)).toEqual(at(1n))
    expect(await after.get(tasks, 'a')).toEqual(documents[0])
    expect(await before.checkpoint(tasks)).toEqual(at(0n))
    expect(await before.get(tasks, 'a')).toEqual(aTask('a'))
  })

  it('show other ledgers of the same moment', async () => {
    await using store = await filled(aReadModelFile, [aTask('a', { label: 'x' })])
    await using readModels = await store.store.openReadModels(one)
    await using here = await readModels.view(main)
    await using elsewhere = await readModels.view(other)
    await using everywhere = await readModels.view(undefined)
    expect(await here.checkpoint(tasks)).toEqual(at(0n))
    expect(await elsewhere.checkpoint(tasks)).toBeUndefined()
    expect(await elsewhere.get(tasks, 'a')).toBeUndefined()
    const found = await everywhere.find(tasks, { where: [], orderBy: ['label'], limit: 2 })
    expect(found.map(({ ledgerId }) => ledgerId)).toEqual([main])
  })

  it('are no longer shared once they are closed to new ones', async () => {
    await using store = await filled(aReadModelFile, [aTask('a')])
    const readModels = await store.store.openReadModels(bounds)
    const view = await readModels.view(main)
    const closing = readModels[Symbol.asyncDispose]()
    await expect(readModels.view(main)).rejects.toThrow('closed')
    await view[Symbol.asyncDispose]()
    await expect(closing).resolves.toBeUndefined()
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
    await turn()
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
