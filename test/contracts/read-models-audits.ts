import { describe, expect, it } from 'vitest'
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

/** What every read-model store tells those who audit it. */
export function describeAudits(name: string, makeStore: () => Promise<ReadModelStore>): void {
  describe(`${name}: a find that checks the fields`, () => {
    it('finds the same as any other where nobody has tampered', async () => {
      const fields = { owner: 'Zoë 𝄞 \ud800', number: '9223372036854775807', due: null }
      const first = ['a', 'b', 'c'].map((id) => aTask(id, { ...fields, label: id }))
      await using store = await filled(makeStore, first)
      const changed = [aTask('b', { number: '-1' }, 1n), aTask('d', { owner: '' }, 1n)]
      await store.writer.commit([aChange({ expected: 0n, checkpoint: at(1n), documents: changed })])
      const found = await store.find({ checksFields: true })
      expect(found).toEqual(await store.find({}))
      expect(idsOf(found)).toEqual(['a', 'b', 'c', 'd'])
      const [second] = await store.find({ checksFields: true, after: ['a'], limit: 1 })
      expect(second).toEqual(changed[0])
    })

    it('does so in an own order of ids', async () => {
      await using store = await filled(makeStore)
      const numbered = { ...tasks, name: 'numbered', id: 'number' }
      await store.writer.prepare(numbered)
      const documents = ['10', '9'].map((number) => aTask(number, { number }))
      await store.writer.commit([aChange({ model: numbered, documents })])
      await using view = await store.readModels.view(main)
      const find = { where: [], orderBy: ['number'], limit: 9, checksFields: true } as const
      expect(await view.find(numbered, find)).toEqual(documents.toReversed())
    })
  })

  describe(`${name}: the ledgers of a model`, () => {
    it('are those of which it has documents', async () => {
      await using store = await filled(makeStore)
      const { writer, readModels } = store
      expect(await readModels.ledgers(tasks)).toEqual([])
      const documents = ['a', 'b'].map((id) => aTask(id))
      const ledgerIds = ['acme', main, `${main}-2`, other]
      await writer.commit([
        ...ledgerIds.map((ledgerId) => aChange({ ledgerId, documents })),
        aChange({ ledgerId: 'empty' }),
      ])
      expect((await readModels.ledgers(tasks)).toSorted()).toEqual(ledgerIds)
      expect(await readModels.ledgers(tags)).toEqual([])
      expect(await readModels.ledgers({ ...tasks, name: 'unknown' })).toEqual([])
    })

    it('are those of one build', async () => {
      await using store = await filled(makeStore, [aTask('a')])
      const { writer, readModels } = store
      const built = { ...tasks, build: await writer.startBuild(tasks, at(0n).recordedAt) }
      await writer.commit([aChange({ model: built, ledgerId: other, documents: [aTask('a')] })])
      expect(await readModels.ledgers(tasks)).toEqual([main])
      expect(await readModels.ledgers(built)).toEqual([other])
    })
  })
}
