import { expect, it } from 'vitest'
import { findPage } from '#cli/id-pages.ts'
import { DocumentDamaged } from '#ports/damaged-document.ts'
import { aMongoDatabase } from '#test/adapters/mongodb/database.ts'
import {
  aChange,
  aTask,
  at,
  filled,
  idsOf,
  main,
  tasks,
} from '#test/contracts/read-models-examples.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

describeWith(['mongodb'], 'MongoDB: a document that somebody has changed', (servers) => {
  it.each([
    ['another text', { $set: { 'fields.owner': 'bob' } }],
    ['no value', { $unset: { 'fields.owner': '' } }],
    ['one that the document lacks', { $set: { 'fields.due': '' } }],
    ['one that is not declared', { $set: { 'fields.colour': 'red' } }],
    ['no integer', { $set: { 'fields.number': '2' } }],
  ])('is told of by a find that checks the fields: %s', async (_case, change) => {
    const first = ['1', '2', '3'].map((number) => aTask(number, { number, owner: 'ann' }))
    await using store = await filled(() => aMongoDatabase(servers), first)
    const moved = aTask('3', { number: '4' }, 1n)
    await store.writer.commit([aChange({ expected: 0n, checkpoint: at(1n), documents: [moved] })])
    await using client = await store.store.connect()
    const { matchedCount } = await client
      .db(store.store.database)
      .collection(`${tasks.name}_v${tasks.version}`)
      .updateOne({ id: '2' }, change)
    expect(matchedCount).toBe(1)
    const found = await store.find({ checksFields: true })
    expect(found).toEqual([first[0], { ...first[1], misfiled: true }, moved])
  })

  const damages = [
    ['its document gone', { $unset: { document: '' } }],
    ['no object in its place', { $set: { document: null } }],
  ] as const

  it.each([
    ...damages.map(([what, change]) => [what, change, { id: '2', document: {} }] as const),
    ['all its fields gone', { $unset: { fields: '' } }, { id: '2', document: { number: '2' } }],
  ] as const)(
    'is told of by such a find, as far as it is there: %s',
    async (_case, change, left) => {
      const documents = ['1', '2', '3'].map((number) => aTask(number, { number }))
      await using store = await filled(() => aMongoDatabase(servers), documents)
      await using client = await store.store.connect()
      await client.db(store.store.database).collection('tasks_v1').updateOne({ id: '2' }, change)
      const found = await store.find({ orderBy: ['number'], checksFields: true })
      expect(found).toHaveLength(3)
      expect(found.filter(({ misfiled }) => misfiled === true)).toMatchObject([left])
    },
  )

  it.each(damages)('can’t be read: %s', async (_case, change) => {
    await using store = await filled(() => aMongoDatabase(servers), [aTask('1'), aTask('2')])
    await using client = await store.store.connect()
    await client.db(store.store.database).collection('tasks_v1').updateOne({ id: '2' }, change)
    await using view = await store.readModels.view(main)
    expect(await view.get(tasks, '1')).toEqual(aTask('1'))
    for (const reading of [
      () => view.get(tasks, '2'),
      () => store.find({}),
      () => store.writer.load(tasks, main, ['1', '2']),
    ])
      await expect(reading()).rejects.toThrow(
        new DocumentDamaged({ model: tasks, ledgerId: main, id: '2' }),
      )
  })

  it.each(damages)(
    'hides no other from who looks for those of all ledgers: %s',
    async (_case, change) => {
      await using store = await filled(() => aMongoDatabase(servers), [aTask('1'), aTask('2')])
      await using client = await store.store.connect()
      await client.db(store.store.database).collection('tasks_v1').updateOne({ id: '2' }, change)
      await using view = await store.readModels.view(undefined)
      const found = await view.find(tasks, { where: [], orderBy: ['label'], limit: 9 })
      expect(found).toMatchObject([{ id: '1' }, { id: '2', ledgerId: main, damaged: true }])
    },
  )

  it('is filed under the id that was asked for, whatever the row says', async () => {
    await using store = await filled(() => aMongoDatabase(servers), [aTask('1')])
    await using client = await store.store.connect()
    const change = { $set: { id: '7' }, $unset: { document: '' } }
    await client.db(store.store.database).collection('tasks_v1').updateOne({ id: '1' }, change)
    await expect(store.writer.load(tasks, main, ['1'])).rejects.toThrow(
      new DocumentDamaged({ model: tasks, ledgerId: main, id: '1' }),
    )
  })

  it('is told of by such a find under another id than its own', async () => {
    const first = ['1', '2'].map((number) => aTask(number, { number, owner: 'ann' }))
    await using store = await filled(() => aMongoDatabase(servers), first)
    await using client = await store.store.connect()
    const documents = client
      .db(store.store.database)
      .collection<{ _id: string; id: string }>(`${tasks.name}_v${tasks.version}`)
    const moved = await documents.findOneAndDelete({ id: '2' })
    if (moved !== null) await documents.insertOne({ ...moved, _id: `${moved._id}2` })
    const found = await store.find({ checksFields: true })
    expect(found).toEqual([first[0], { ...first[1], id: '22', misfiled: true }])
  })

  it.each([
    [tasks, ['1', '2', '22']],
    [{ ...tasks, name: 'numbered', id: 'number' }, ['1', '2', '2']],
  ])('is told of by such a find beside its copy under another key: %o', async (model, ids) => {
    const documents = ['1', '2'].map((number) => aTask(number, { number, owner: 'ann' }))
    await using store = await filled(() => aMongoDatabase(servers))
    await store.writer.prepare(model)
    await store.writer.commit([aChange({ model, documents })])
    await using client = await store.store.connect()
    const rows = client
      .db(store.store.database)
      .collection<{ _id: string; id: string }>(`${model.name}_v${model.version}`)
    const row = await rows.findOne({ id: '2' })
    if (row !== null) await rows.insertOne({ ...row, _id: `${row._id}2` })
    await using view = await store.readModels.view(main)
    const found = await view.find(model, findPage(model, { after: undefined, limit: 9 }))
    expect(idsOf(found)).toEqual(ids)
    expect(found.filter(({ misfiled }) => misfiled === true)).toHaveLength(1)
  })
})
