import { describe, expect, it } from 'vitest'
import type { ReadView } from '#ports/read-models.ts'
import {
  aChange,
  aTask,
  at,
  filled,
  main,
  other,
  type ReadModelStore,
  tasks,
} from '#test/contracts/read-models-examples.ts'

const startedAt = '2026-01-02T03:04:05.678Z'

/** What every store promises of builds, whichever adapter it is. */
export function describeBuilds(name: string, makeStore: () => Promise<ReadModelStore>): void {
  describe(`${name}: a new name`, () => {
    it('serves its first build from the moment it is prepared', async () => {
      await using store = await makeStore()
      await using writer = await store.openWriter()
      await using readModels = await store.openReadModels()
      expect(await writer.builds(tasks)).toEqual([])
      await writer.prepare(tasks)
      await writer.prepare(tasks)
      expect(await readModels.builds(tasks)).toMatchObject([{ number: 1, state: 'serving' }])
    })

    it('serves nothing where its first build was started', async () => {
      await using store = await makeStore()
      await using writer = await store.openWriter()
      await using readModels = await store.openReadModels()
      const build = await writer.startBuild(tasks, startedAt)
      await writer.prepare(tasks)
      expect(await writer.builds(tasks)).toEqual([{ number: build, state: 'building', startedAt }])
      expect(await writer.commit([aChange({ documents: [aTask('a')] })])).toBe(false)
      await using view = await readModels.view(main)
      expect(await view.checkpoint(tasks)).toBeUndefined()
      expect(await view.get(tasks, 'a')).toBeUndefined()
      expect(await view.find(tasks, { where: [], orderBy: ['number'], limit: 9 })).toEqual([])
      expect(await readModels.checkpoints(tasks)).toEqual(new Map())
    })
  })

  describe(`${name}: a build beside the one that serves`, () => {
    it('has documents and checkpoints of its own', async () => {
      await using store = await filled(makeStore, [aTask('a', { label: 'served' })])
      const { writer, readModels } = store
      const built = { ...tasks, build: await writer.startBuild(tasks, startedAt) }
      expect(built.build).toBe(2)
      expect(await writer.load(built, main, ['a'])).toEqual([])
      expect(await writer.checkpoint(built, main)).toBeUndefined()
      const made = aTask('a', { label: 'built' }, 3n)
      const parked = { revision: 4n, reason: 'poison' }
      await writer.commit([
        aChange({ model: built, documents: [made], checkpoint: { ...at(3n), parked } }),
      ])
      await using view = await readModels.view(main)
      expect(await view.get(tasks, 'a')).toMatchObject({ document: { label: 'served' } })
      expect(await view.get(built, 'a')).toEqual(made)
      expect(await view.find(built, { where: [], orderBy: [], limit: 9 })).toEqual([made])
      expect(await view.checkpoint(tasks)).toEqual(at(0n))
      expect(await view.checkpoint(built)).toEqual({ ...at(3n), parked })
      expect(await readModels.parked(tasks)).toEqual([])
      expect(await readModels.parked(built)).toEqual([main])
      expect([...(await readModels.checkpoints(built)).keys()]).toEqual([main])
    })

    it('serves once it has every ledger as far, and not before', async () => {
      await using store = await filled(makeStore, [aTask('a', { label: 'old' })])
      const { writer, readModels } = store
      await writer.commit([aChange({ ledgerId: other, checkpoint: at(5n) })])
      const built = { ...tasks, build: await writer.startBuild(tasks, startedAt) }
      const documents = [aTask('a', { label: 'new' })]
      await writer.commit([aChange({ model: built, documents })])
      expect(await writer.serveBuild(built)).toBe(false)
      await writer.commit([aChange({ model: built, ledgerId: other, checkpoint: at(5n) })])
      await using before = await readModels.view(main)
      expect(await before.get(tasks, 'a')).toMatchObject({ document: { label: 'old' } })
      expect(await writer.serveBuild(built)).toBe(true)
      expect(await writer.serveBuild(built)).toBe(true)
      expect(await before.get(tasks, 'a')).toMatchObject({ document: { label: 'old' } })
      await using after = await readModels.view(main)
      expect(await after.get(tasks, 'a')).toMatchObject({ document: { label: 'new' } })
      expect((await readModels.builds(tasks)).map(({ state }) => state)).toEqual([
        'retired',
        'serving',
      ])
    })

    it('takes the place of the other for whoever names none, and the other takes no more', async () => {
      await using store = await filled(makeStore, [aTask('a')])
      const { writer } = store
      const built = { ...tasks, build: await writer.startBuild(tasks, startedAt) }
      await writer.commit([aChange({ model: built })])
      await writer.serveBuild(built)
      const change = aChange({ expected: 0n, checkpoint: at(1n) })
      expect(await writer.commit([{ ...change, model: { ...tasks, build: 1 } }])).toBe(false)
      expect(await writer.commit([change])).toBe(true)
      expect(await writer.checkpoint(built, main)).toEqual(at(1n))
      expect(await writer.serveBuild({ ...tasks, build: 1 })).toBe(false)
    })

    it('is not taken for an empty one by a view from before it was replaced and dropped', async () => {
      await using store = await filled(makeStore, [aTask('a')])
      const { writer, readModels } = store
      const built = { ...tasks, build: await writer.startBuild(tasks, startedAt) }
      await writer.commit([aChange({ model: built, documents: [aTask('a')] })])
      const all = { where: [], orderBy: ['number'], limit: 9 }
      const answers = (view: ReadView) => [
        view.get(tasks, 'a'),
        view.find(tasks, all).then(([first]) => first),
        view.find(tasks, { ...all, evenAhead: true }).then(([first]) => first),
      ]
      await using before = await readModels.view(main)
      expect(await before.checkpoint(tasks)).toEqual(at(0n))
      await writer.serveBuild(built)
      await writer.dropBuild({ ...tasks, build: 1 })
      const sound = (answer: PromiseSettledResult<unknown>) =>
        answer.status === 'fulfilled' ? answer.value : answer.reason.name
      for (const answer of await Promise.allSettled(answers(before)))
        expect([aTask('a'), 'ReadViewOutdated']).toContainEqual(sound(answer))
      await using after = await readModels.view(main)
      expect(await Promise.all(answers(after))).toEqual([aTask('a'), aTask('a'), aTask('a')])
    })

    it('is dropped whole, and its number is not used again', async () => {
      await using store = await filled(makeStore, [aTask('a')])
      const { writer, readModels } = store
      const built = { ...tasks, build: await writer.startBuild(tasks, startedAt) }
      await writer.commit([aChange({ model: built, documents: [aTask('a')] })])
      await writer.dropBuild(built)
      await writer.dropBuild(built)
      expect(await readModels.builds(tasks)).toMatchObject([{ number: 1, state: 'serving' }])
      expect(await readModels.checkpoints(built)).toEqual(new Map())
      expect(await writer.commit([aChange({ model: built })])).toBe(false)
      expect(await writer.serveBuild(built)).toBe(false)
      expect(await writer.startBuild(tasks, startedAt)).toBe(3)
      await expect(writer.dropBuild({ ...tasks, build: 1 })).rejects.toThrow('serves')
      expect(await writer.load(tasks, main, ['a'])).toHaveLength(1)
    })
  })

  describe(`${name}: a version that names the one before it`, () => {
    const second = { ...tasks, version: 2, previous: tasks }

    it('is answered by that one until it serves itself', async () => {
      await using store = await filled(makeStore, [aTask('a', { label: 'first' })])
      const { writer, readModels } = store
      await writer.prepare(second)
      expect(await writer.builds(second)).toEqual([])
      const built = { ...second, build: await writer.startBuild(second, startedAt) }
      const label = async () => {
        await using view = await readModels.view(main)
        const found = await view.get(second, 'a')
        const where = [{ field: 'label', prefix: '' }]
        expect(await view.find(second, { where, orderBy: ['label'], limit: 9 })).toEqual([found])
        expect(await view.checkpoint(second)).toEqual(at(0n))
        return found?.document['label']
      }
      expect(await label()).toBe('first')
      await writer.commit([aChange({ model: built, documents: [aTask('a', { label: 'second' })] })])
      expect(await label()).toBe('first')
      expect(await writer.servingVersion(tasks.name)).toBe(1)
      expect(await writer.serveBuild(built)).toBe(true)
      expect(await writer.servingVersion(tasks.name)).toBe(2)
      expect(await writer.servingVersion('none')).toBeUndefined()
      expect(await label()).toBe('second')
      expect(await readModels.builds(tasks)).toMatchObject([{ number: 1, state: 'retired' }])
    })
  })

  describe(`${name}: a position that is forgotten`, () => {
    it('is as if it had never been kept', async () => {
      await using store = await filled(makeStore)
      await store.writer.saveFeedPosition('build', 3n)
      await store.writer.forgetFeedPosition('build')
      await store.writer.forgetFeedPosition('build')
      expect(await store.readModels.feedPosition('build')).toBeUndefined()
    })
  })
}
