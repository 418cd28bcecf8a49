import { describe, expect, it } from 'vitest'
import { type ModelBuild, ReadViewOutdated, type StoredDocument } from '#ports/read-models.ts'
import {
  aChange,
  aTask,
  at,
  filled,
  idsOf,
  main,
  other,
  type ReadModelStore,
  tags,
  tasks,
} from '#test/contracts/read-models-examples.ts'
import { describeAudits } from '#test/contracts/read-models-audits.ts'
import { describeBuilds } from '#test/contracts/read-models-builds.ts'
import { describeFinds, type Oddities } from '#test/contracts/read-models-finds.ts'
import { describeIds } from '#test/contracts/read-models-ids.ts'
import { describeLeases } from '#test/contracts/read-models-leases.ts'
import { describeUnfit } from '#test/contracts/read-models-unfit.ts'

const startedAt = '2026-01-02T03:04:05.678Z'
const int64Max = 2n ** 63n - 1n

/** What every read-model store must do, whichever adapter it is. */
export function describeReadModels(
  name: string,
  makeStore: () => Promise<ReadModelStore>,
  oddities?: Oddities,
): void {
  describe(`${name}: read models of which nothing is stored`, () => {
    it('answer as if nothing had been applied', async () => {
      await using store = await makeStore()
      await using readModels = await store.openReadModels()
      await using view = await readModels.view(main)
      expect(await view.checkpoint(tasks)).toBeUndefined()
      expect(await view.get(tasks, 'a')).toBeUndefined()
      expect(await view.find(tasks, { where: [], orderBy: ['number'], limit: 9 })).toEqual([])
      await using all = await readModels.view(undefined)
      expect(await all.find(tasks, { where: [], orderBy: ['label'], limit: 9 })).toEqual([])
      expect(await all.parked(tasks, [main])).toEqual(new Map())
      expect(await readModels.checkpoints(tasks)).toEqual(new Map())
      expect(await readModels.parked(tasks)).toEqual([])
      expect(await readModels.ledgers(tasks)).toEqual([])
    })

    it('can be checked', async () => {
      await using store = await makeStore()
      await using readModels = await store.openReadModels()
      await expect(readModels.check()).resolves.toBeUndefined()
    })

    it('show what a writer stores later', async () => {
      await using store = await makeStore()
      await using readModels = await store.openReadModels()
      await using before = await readModels.view(main)
      expect(await before.get(tasks, 'a')).toBeUndefined()
      await using writer = await store.openWriter()
      await writer.prepare(tasks)
      await writer.commit([aChange({ documents: [aTask('a')] })])
      await using after = await readModels.view(main)
      expect(await after.get(tasks, 'a')).toEqual(aTask('a'))
    })
  })

  describe(`${name}: a stored document`, () => {
    it('comes back as it was', async () => {
      const document = {
        owner: 'Zoë 𝄞 "quoted" \\ \u0000',
        number: '9007199254740993',
        amounts: ['170141183460469231731687303715884105727', '-1'],
        nested: { empty: '', none: null, yes: true, count: 3, list: [{}, []] },
      }
      const stored = aTask('users:Zoë/𝄞', document, int64Max)
      await using store = await filled(makeStore)
      await store.writer.commit([aChange({ checkpoint: at(int64Max), documents: [stored] })])
      await using view = await store.readModels.view(main)
      expect(await view.get(tasks, stored.id)).toEqual(stored)
      expect(await view.find(tasks, { where: [], orderBy: ['number'], limit: 1 })).toEqual([stored])
      expect(await store.writer.load(tasks, main, [stored.id])).toEqual([stored])
    })

    it('is replaced by the next one of its id', async () => {
      await using store = await filled(makeStore, [aTask('a', { owner: 'ann', number: '1' })])
      const same = aTask('a', { owner: 'ann', number: '1', done: true }, 1n)
      await store.writer.commit([aChange({ expected: 0n, checkpoint: at(1n), documents: [same] })])
      expect(await store.find({ orderBy: ['number'] })).toEqual([same])
      const moved = aTask('a', { owner: 'bob' }, 2n)
      await store.writer.commit([aChange({ expected: 1n, checkpoint: at(2n), documents: [moved] })])
      const owned = (owner: string) =>
        store.find({ where: [{ field: 'owner', is: owner }], orderBy: ['number'] })
      expect(await owned('ann')).toEqual([])
      expect(await owned('bob')).toEqual([moved])
    })

    it('is of one ledger, one model and one version', async () => {
      await using store = await filled(makeStore, [aTask('a')])
      const later = { ...tasks, version: 2 }
      const second = { ...later, build: await store.writer.startBuild(later, startedAt) }
      expect(await store.writer.load(tasks, other, ['a'])).toEqual([])
      expect(await store.writer.load(tags, main, ['a'])).toEqual([])
      expect(await store.writer.load(second, main, ['a'])).toEqual([])
      await using view = await store.readModels.view(main)
      expect(await view.get(second, 'a')).toBeUndefined()
      expect(await view.get(tags, 'a')).toBeUndefined()
      await using elsewhere = await store.readModels.view(other)
      expect(await elsewhere.get(tasks, 'a')).toBeUndefined()
    })

    it('is loaded with the others asked for that are there', async () => {
      const stored = ['a', 'b', 'ä', '10', '9'].map((id) => aTask(id))
      await using store = await filled(makeStore, stored)
      const loaded = await store.writer.load(tasks, main, ['9', 'none', 'ä', 'a'])
      expect(idsOf(loaded).toSorted()).toEqual(['9', 'a', 'ä'])
      expect(await store.writer.load(tasks, main, [])).toEqual([])
    })

    it('stays when its collection is prepared again', async () => {
      await using store = await filled(makeStore, [aTask('a')])
      await store.writer.prepare(tasks)
      await using writer = await store.store.openWriter()
      await writer.prepare(tasks)
      expect(await writer.load(tasks, main, ['a'])).toEqual([aTask('a')])
    })
  })

  describe(`${name}: a collection`, () => {
    it('may be prepared by many at once', async () => {
      await using store = await makeStore()
      await using first = await store.openWriter()
      await using second = await store.openWriter()
      await Promise.all([first, second, first, second].map((writer) => writer.prepare(tasks)))
      expect(await second.commit([aChange({ documents: [aTask('a')] })])).toBe(true)
      expect(await first.load(tasks, main, ['a'])).toEqual([aTask('a')])
    })
  })

  describe(`${name}: a checkpoint`, () => {
    it('moves with the documents', async () => {
      await using store = await filled(makeStore)
      expect(await store.writer.checkpoint(tasks, main)).toBeUndefined()
      const checkpoint = { revision: int64Max, recordedAt: '2026-07-01T00:00:00.000Z' }
      expect(await store.writer.commit([aChange({ checkpoint })])).toBe(true)
      expect(await store.writer.checkpoint(tasks, main)).toEqual(checkpoint)
      await using view = await store.readModels.view(main)
      expect(await view.checkpoint(tasks)).toEqual(checkpoint)
      expect(await view.checkpoint(tags)).toBeUndefined()
    })

    it('says why its ledger stands still, until it moves on', async () => {
      await using store = await filled(makeStore)
      const parked = { revision: 1n, reason: 'TransactionPosted 1: it does not balance' }
      await store.writer.commit([aChange({ checkpoint: { ...at(0n), parked } })])
      expect(await store.writer.checkpoint(tasks, main)).toEqual({ ...at(0n), parked })
      expect(await store.readModels.checkpoints(tasks)).toEqual(
        new Map([[main, { ...at(0n), parked }]]),
      )
      await store.writer.commit([aChange({ ledgerId: other, checkpoint: at(0n) })])
      expect(await store.readModels.parked(tasks)).toEqual([main])
      expect(await store.readModels.parked({ ...tasks, version: 2 })).toEqual([])
      const saysAmong = async (model: ModelBuild, ...among: readonly string[]) => {
        await using all = await store.readModels.view(undefined)
        return await all.parked(model, among)
      }
      expect(await saysAmong(tasks, other, main, 'unknown')).toEqual(new Map([[main, parked]]))
      expect(await saysAmong(tasks, other)).toEqual(new Map())
      expect(await saysAmong(tasks)).toEqual(new Map())
      expect(await saysAmong({ ...tasks, version: 2 }, main)).toEqual(new Map())
      expect(await saysAmong(tags, main)).toEqual(new Map())
      await store.writer.commit([aChange({ expected: 0n, checkpoint: at(1n) })])
      expect(await store.writer.checkpoint(tasks, main)).toEqual(at(1n))
      expect(await store.readModels.parked(tasks)).toEqual([])
      expect(await saysAmong(tasks, main)).toEqual(new Map())
    })

    it('is one per ledger, model and version', async () => {
      await using store = await filled(makeStore)
      const later = { ...tasks, version: 2 }
      const second = { ...later, build: await store.writer.startBuild(later, startedAt) }
      const changes = [
        aChange({ checkpoint: at(3n) }),
        aChange({ ledgerId: other, checkpoint: at(4n) }),
        aChange({ model: tags, checkpoint: at(5n) }),
        aChange({ model: second, checkpoint: at(6n) }),
      ]
      expect(await store.writer.commit(changes)).toBe(true)
      const both = [[main, at(3n)] as const, [other, at(4n)] as const]
      expect(await store.readModels.checkpoints(tasks)).toEqual(new Map(both))
      expect(await store.readModels.checkpoints(tags)).toEqual(new Map([[main, at(5n)]]))
      expect(await store.readModels.checkpoints(second)).toEqual(new Map([[main, at(6n)]]))
    })
  })

  describe(`${name}: a commit that expects another checkpoint`, () => {
    it.each([
      ['none, where there is one', undefined],
      ['one that is past', 4n],
      ['one that is still to come', 6n],
    ])('stores nothing: %s', async (_case, expected) => {
      await using store = await filled(makeStore)
      await store.writer.commit([aChange({ checkpoint: at(5n), documents: [aTask('a')] })])
      const late = aChange({
        expected,
        checkpoint: at(9n),
        documents: [aTask('a', { a: '1' }, 9n)],
      })
      expect(await store.writer.commit([late])).toBe(false)
      expect(await store.writer.checkpoint(tasks, main)).toEqual(at(5n))
      expect(await store.writer.load(tasks, main, ['a'])).toEqual([aTask('a')])
    })

    it('stores nothing where there is no checkpoint yet', async () => {
      await using store = await filled(makeStore)
      expect(await store.writer.commit([aChange({ expected: 0n })])).toBe(false)
      expect(await store.writer.checkpoint(tasks, main)).toBeUndefined()
    })

    it.each([
      ['first', (late: object[], good: object[]) => [...late, ...good]],
      ['last', (late: object[], good: object[]) => [...good, ...late]],
    ])('stores nothing of the other changes either: %s', async (_case, order) => {
      await using store = await filled(makeStore)
      const documents = [aTask('a')]
      const late = [aChange({ expected: 7n, documents })]
      const good = [aChange({ ledgerId: other, documents }), aChange({ model: tags, documents })]
      const changes = order(late, good).map((change) => aChange(change))
      expect(await store.writer.commit(changes)).toBe(false)
      for (const { model, ledgerId } of changes) {
        expect(await store.writer.checkpoint(model, ledgerId)).toBeUndefined()
        expect(await store.writer.load(model, ledgerId, ['a'])).toEqual([])
      }
      expect(await store.writer.commit(good)).toBe(true)
    })

    it('lets one of many writers of the same fold through, each time', async () => {
      await using store = await filled(makeStore)
      await using second = await store.store.openWriter()
      const writers = [store.writer, second, store.writer, second]
      for (let revision = 0n; revision < 10n; revision += 1n) {
        const expected = revision === 0n ? undefined : revision - 1n
        const documents = ['a', 'b', 'c'].map((id) => aTask(id, { by: String(revision) }, revision))
        const change = aChange({ expected, checkpoint: at(revision), documents })
        let through = 0
        // None may come through where each was at it; then they try again.
        while ((await second.checkpoint(tasks, main))?.revision !== revision) {
          const results = await Promise.all(writers.map((writer) => writer.commit([change])))
          through += results.filter((stored) => stored).length
        }
        expect(through).toBe(1)
        expect(sorted(await second.load(tasks, main, ['a', 'b', 'c']))).toEqual(documents)
      }
    })
  })

  describe(`${name}: a view`, () => {
    const before = [
      aTask('kept', { owner: 'ann', status: 'open', number: '1' }),
      aTask('changed', { owner: 'ann', status: 'open', number: '2' }),
    ]
    const after = [
      aTask('changed', { owner: 'bob', status: 'done', number: '7' }, 1n),
      aTask('new', { owner: 'ann', status: 'open', number: '3' }, 1n),
    ]
    const open = { where: [{ field: 'status', is: 'open' }], orderBy: ['owner', 'number'] }

    it('stands still while a writer commits', async () => {
      await using store = await filled(makeStore, before)
      await using view = await store.readModels.view(main)
      expect(await view.checkpoint(tasks)).toEqual(at(0n))
      await store.writer.commit([aChange({ expected: 0n, checkpoint: at(1n), documents: after })])
      expect(await view.checkpoint(tasks)).toEqual(at(0n))
      expect(await view.get(tasks, 'changed')).toEqual(before[1])
      expect(await view.get(tasks, 'new')).toBeUndefined()
      expect(await view.find(tasks, { ...open, limit: 9 })).toEqual(before)
      expect(idsOf(await store.find(open))).toEqual(['kept', 'new'])
    })

    it('also finds what is ahead of it where that is asked for, each document once', async () => {
      await using store = await filled(makeStore, before)
      await using view = await store.readModels.view(main)
      await view.checkpoint(tasks)
      await store.writer.commit([aChange({ expected: 0n, checkpoint: at(1n), documents: after })])
      const later = aTask('changed', { owner: 'ann', status: 'open', number: '9' }, 2n)
      await store.writer.commit([aChange({ expected: 1n, checkpoint: at(2n), documents: [later] })])
      const found = await view.find(tasks, { where: [], orderBy: [], limit: 9, evenAhead: true })
      expect(found.filter(({ id }) => id !== 'new').map(({ id }) => id)).toEqual([
        'changed',
        'kept',
      ])
      for (const each of found) expect([...before, ...after, later]).toContainEqual(each)
    })

    it('stands still in all models alike', async () => {
      await using store = await filled(makeStore, before)
      await store.writer.commit([aChange({ model: tags, documents: [aTask('red')] })])
      await using view = await store.readModels.view(main)
      await view.checkpoint(tasks)
      await view.checkpoint(tags)
      const moves = { expected: 0n, checkpoint: at(1n) }
      await store.writer.commit([
        aChange({ ...moves, documents: after }),
        aChange({ ...moves, model: tags, documents: [aTask('red', { hue: '0' }, 1n)] }),
      ])
      expect(await view.get(tags, 'red')).toEqual(aTask('red'))
      expect(await view.get(tasks, 'changed')).toEqual(before[1])
    })

    it('shows no document that is ahead of its checkpoint', async () => {
      await using store = await filled(makeStore)
      const write = async () => {
        for (let revision = 0n; revision < 60n; revision += 1n) {
          const expected = revision === 0n ? undefined : revision - 1n
          const documents = ['a', 'b'].map((id) => aTask(id, { number: '1' }, revision))
          await store.writer.commit([aChange({ expected, checkpoint: at(revision), documents })])
        }
      }
      const read = async () => {
        for (let round = 0; round < 60; round += 1) {
          await using view = await store.readModels.view(main)
          const checkpoint = (await view.checkpoint(tasks))?.revision
          const find = view.find(tasks, { where: [], orderBy: ['number'], limit: 9 })
          const found = await find.catch(outdated)
          if (found === 'outdated') continue
          const expected = checkpoint === undefined ? [] : [checkpoint, checkpoint]
          expect(found.map(({ revision }) => revision)).toEqual(expected)
        }
      }
      await Promise.all([write(), read()])
    })

    it('waits for its turn where many are open', async () => {
      await using store = await filled(makeStore, before)
      const read = async () => {
        await using view = await store.readModels.view(main)
        await new Promise((resolve) => setImmediate(resolve))
        return view.get(tasks, 'kept')
      }
      const found = await Promise.all(Array.from({ length: 100 }, read))
      expect(found.every((document) => document?.id === 'kept')).toBe(true)
    })
  })

  describe(`${name}: a feed's position`, () => {
    it('is what was saved last, one per feed', async () => {
      await using store = await filled(makeStore)
      expect(await store.writer.feedPosition('log')).toBeUndefined()
      await store.writer.saveFeedPosition('log', 5n)
      await store.writer.saveFeedPosition('log', int64Max)
      await store.writer.saveFeedPosition('other', 1n)
      await using second = await store.store.openWriter()
      expect(await second.feedPosition('log')).toBe(int64Max)
      expect(await second.feedPosition('other')).toBe(1n)
      expect(await second.feedPosition('none')).toBeUndefined()
    })
  })

  describeAudits(name, makeStore)
  describeBuilds(name, makeStore)
  describeUnfit(name, makeStore)
  describeLeases(name, makeStore)
  describeFinds(name, makeStore, oddities)
  describeIds(name, makeStore)
}

const sorted = (documents: readonly StoredDocument[]) =>
  documents.toSorted((a, b) => (a.id < b.id ? -1 : 1))

function outdated(error: unknown): 'outdated' {
  if (error instanceof ReadViewOutdated) return 'outdated'
  throw error
}
