import type { Db } from 'mongodb'
import { expect, it } from 'vitest'
import { aMongoDatabase } from '#test/adapters/mongodb/database.ts'
import { aChange, aTask, at, filled, tags, tasks } from '#test/contracts/read-models-examples.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

const byOwner = 'by_ledger_owner_number_id'
const byOwnerKey = { ledgerId: 1, 'fields.owner': 1, 'fields.number': 1, id: 1 } as const
const isAnother = [`the index ${byOwner} of tasks_v1 is not as the program makes it`]

/** What somebody does, and what is said of it. No index that another collection has one like: the stand-in mixes these up. */
const deeds: readonly (readonly [string, (database: Db) => Promise<unknown>, readonly string[]])[] =
  [
    ['nothing', async () => {}, []],
    ['an index dropped', (database) => drop(database), missing(`index ${byOwner} of tasks_v1`)],
    [
      'the index of all ledgers dropped',
      (database) => database.collection('tasks_v1').dropIndex('by_label_id_ledger'),
      missing('index by_label_id_ledger of tasks_v1'),
    ],
    [
      'an index of checkpoints dropped',
      (database) => database.collection('checkpoints').dropIndex('parked_by_model_version'),
      missing('index parked_by_model_version of checkpoints'),
    ],
    ['fewer keys', (database) => remake(database, { ledgerId: 1, 'fields.owner': 1 }), isAnother],
    [
      'the keys in another order',
      (database) => remake(database, { 'fields.owner': 1, ledgerId: 1, 'fields.number': 1, id: 1 }),
      isAnother,
    ],
    ['a key downwards', (database) => remake(database, { ...byOwnerKey, id: -1 }), isAnother],
    ['unique', (database) => remake(database, byOwnerKey, { unique: true }), isAnother],
    ['sparse', (database) => remake(database, byOwnerKey, { sparse: true }), isAnother],
    ['hidden', (database) => remake(database, byOwnerKey, { hidden: true }), isAnother],
    [
      'a part',
      (database) =>
        remake(database, byOwnerKey, { partialFilterExpression: { id: { $exists: true } } }),
      isAnother,
    ],
    [
      'a key dated to expire',
      (database) => remake(database, byOwnerKey, { expireAfterSeconds: 60 }),
      isAnother,
    ],
    ['the same made again', (database) => remake(database, byOwnerKey), []],
    [
      'a collection dropped',
      (database) => database.collection('tags_v1').drop(),
      missing('collection tags_v1'),
    ],
    [
      'a foreign index',
      (database) => database.collection('tags_v1').createIndex({ id: 1 }, { name: 'theirs' }),
      [`the index theirs of tags_v1 is none of the program's`],
    ],
    [
      'a foreign index of builds',
      (database) => database.collection('builds').createIndex({ change: 1 }, { name: 'theirs' }),
      [`the index theirs of builds is none of the program's`],
    ],
    [
      'a foreign collection',
      (database) => database.collection('theirs').createIndex({ id: 1 }),
      [],
    ],
  ]

describeWith(['mongodb'], 'MongoDB: the faults of the indexes', (servers) => {
  it('are none where nothing was made yet', async () => {
    await using store = await aMongoDatabase(servers)
    await using readModels = await store.openReadModels()
    expect(await readModels.faults([tasks, tags])).toEqual([])
  })

  it.each(deeds)('name what is not as the program makes it: %s', async (_case, deed, expected) => {
    await using store = await filled(() => aMongoDatabase(servers), [aTask('1')])
    await using behind = await behindThePort(store.store)
    await deed(behind.database)
    expect(await store.readModels.faults([tasks, tags])).toEqual(expected)
  })

  it('are not what a build lacks that is still filled, nor what is left of one that served', async () => {
    await using store = await filled(() => aMongoDatabase(servers), [aTask('1')])
    await using behind = await behindThePort(store.store)
    const faults = () => store.readModels.faults([tasks, tags])
    const built = { ...tasks, build: await store.writer.startBuild(tasks, at(0n).recordedAt) }
    await behind.database.collection('tasks_v1_b2').drop()
    expect(await faults()).toEqual([])
    // MongoDB makes it anew for the first document, without any index.
    await store.writer.commit([aChange({ model: built, documents: [aTask('1')] })])
    expect(await faults()).toEqual([])
    expect(await store.writer.serveBuild(built)).toBe(true)
    expect(await faults()).toContain(`the index ${byOwner} of tasks_v1_b2 is missing`)
    await store.writer.prepare(tasks)
    await behind.database.collection('tasks_v1').drop()
    expect(await faults()).toEqual([])
  })

  it('are those of the version before where it still serves, and none of one that is not known', async () => {
    await using store = await filled(() => aMongoDatabase(servers), [aTask('1')])
    await using behind = await behindThePort(store.store)
    await drop(behind.database)
    const next = { ...tasks, version: 2, previous: tasks }
    expect(await store.readModels.faults([next, tags])).toEqual(
      missing(`index ${byOwner} of tasks_v1`),
    )
    expect(await store.readModels.faults([tags])).toEqual([])
  })
})

function missing(what: string): readonly string[] {
  return [`the ${what} is missing`]
}

async function behindThePort(store: Awaited<ReturnType<typeof aMongoDatabase>>) {
  const client = await store.connect()
  const database = client.db(store.database)
  return { database, [Symbol.asyncDispose]: () => client.close() }
}

async function drop(database: Db): Promise<void> {
  await database.collection('tasks_v1').dropIndex(byOwner)
}

/** Another index under the name of one of the program's. */
async function remake(
  database: Db,
  key: Readonly<Record<string, 1 | -1>>,
  options: object = {},
): Promise<void> {
  await drop(database)
  await database.collection('tasks_v1').createIndex({ ...key }, { ...options, name: byOwner })
}
