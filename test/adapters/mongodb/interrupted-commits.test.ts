import { MongoNetworkError } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { commitChanges } from '#adapters/mongodb/commit.ts'
import { mongoLimits } from '#adapters/mongodb/limits.ts'
import { viewOfLedger } from '#adapters/mongodb/view.ts'
import { type ModelChange, ReadViewOutdated, type StoredDocument } from '#ports/read-models.ts'
import { aChange, aTask, at, main, tasks } from '#test/contracts/read-models-examples.ts'
import { FakeCollections } from '#test/adapters/mongodb/fake-collections.ts'

const first = aTask('a', { owner: 'ann', number: '1' })
const second = aTask('a', { owner: 'bob', number: '2' }, 2n)
const third = aTask('a', { owner: 'cas', number: '3' }, 4n)

/** Read models whose commits can be cut off before the checkpoint moves. */
function collections() {
  const stored = new FakeCollections()
  const database = stored.database(async () => {})
  const dying = stored.database(async (what) => {
    if (what === 'write to checkpoints') throw new MongoNetworkError('cut off')
  })
  const change = (expected: bigint | undefined, upTo: bigint, documents: StoredDocument[]) =>
    aChange({ expected, checkpoint: at(upTo), documents })
  return {
    commit: (...given: Parameters<typeof change>) => commitChanges(database, [change(...given)]),
    async cutOff(...given: Parameters<typeof change>) {
      const changes: ModelChange[] = [change(...given)]
      await expect(commitChanges(dying, changes)).rejects.toThrow(MongoNetworkError)
    },
    view: () => viewOfLedger({ limits: mongoLimits, use: (work) => work(database) }, main),
  }
}

describe('a commit that was cut off before its checkpoint moved', () => {
  it('shows nothing', async () => {
    const store = collections()
    await store.cutOff(undefined, 0n, [first])
    await using view = await store.view()
    expect(await view.checkpoint(tasks)).toBeUndefined()
    expect(await view.get(tasks, 'a')).toBeUndefined()
    expect(await view.find(tasks, { where: [], orderBy: ['number'], limit: 9 })).toEqual([])
  })

  it('leaves what was before it to be read, whatever else is cut off after it', async () => {
    const store = collections()
    await store.commit(undefined, 0n, [first])
    await store.cutOff(0n, 2n, [second])
    await store.cutOff(0n, 4n, [third, aTask('b', { number: '9' }, 3n)])
    await using view = await store.view()
    expect(await view.get(tasks, 'a')).toEqual(first)
    const byOwner = (owner: string) =>
      view.find(tasks, { where: [{ field: 'owner', is: owner }], orderBy: ['number'], limit: 9 })
    expect(await byOwner('ann')).toEqual([first])
    expect(await byOwner('cas')).toEqual([])
  })

  it('is done again, in other batches, by the next', async () => {
    const store = collections()
    await store.commit(undefined, 0n, [first])
    await store.cutOff(0n, 4n, [third])
    expect(await store.commit(0n, 3n, [])).toBe(true)
    {
      await using between = await store.view()
      await expect(between.get(tasks, 'a')).rejects.toThrow(ReadViewOutdated)
      await expect(
        between.find(tasks, { where: [], orderBy: ['number'], limit: 9 }),
      ).rejects.toThrow(ReadViewOutdated)
    }
    expect(await store.commit(3n, 4n, [])).toBe(true)
    await using view = await store.view()
    expect(await view.get(tasks, 'a')).toEqual(third)
  })

  it('never takes a document back to what an older one would store', async () => {
    const store = collections()
    await store.commit(undefined, 0n, [first])
    await store.cutOff(0n, 4n, [third])
    expect(await store.commit(0n, 2n, [second])).toBe(true)
    expect(await store.commit(2n, 4n, [])).toBe(true)
    await using view = await store.view()
    expect(await view.get(tasks, 'a')).toEqual(third)
  })
})

describe('a view that the read models have passed twice', () => {
  it('still shows what has not changed, and says of the rest that it has passed', async () => {
    const store = collections()
    const other = aTask('b', { owner: 'bob', number: '5' })
    await store.commit(undefined, 0n, [first, other])
    await using view = await store.view()
    await store.commit(0n, 2n, [second])
    expect(await view.get(tasks, 'a')).toEqual(first)
    await store.commit(2n, 4n, [third])
    expect(await view.get(tasks, 'b')).toEqual(other)
    await expect(view.get(tasks, 'a')).rejects.toThrow(ReadViewOutdated)
  })
})
