import * as fc from 'fast-check'
import { BSON, MongoClient } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { MongoConnection } from '#adapters/mongodb/connection.ts'
import { documentsOfModel } from '#adapters/mongodb/documents.ts'
import { nameOf, storedName } from '#adapters/mongodb/member-names.ts'
import { openMongoReadModelWriter } from '#adapters/mongodb/read-models-writer.ts'
import { documentOf, storedObject } from '#adapters/mongodb/rows.ts'
import type { Document } from '#ports/read-models.ts'
import { DocumentTooLarge, DocumentUnfit } from '#ports/refused-documents.ts'
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
import { runs, seed } from '#test/support/property-runs.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

const int64Max = 2n ** 63n - 1n

describe('BSON', () => {
  it('wraps 2^63 to a negative number without a word', () => {
    const bytes = BSON.serialize({ amount: int64Max + 1n })
    expect(BSON.deserialize(bytes, { useBigInt64: true })).toEqual({ amount: -int64Max - 1n })
  })

  it('takes a member for a type of its own where it is named so', () => {
    const document = JSON.parse('{"metadata": {"_bsontype": "ObjectId"}}')
    expect(() => BSON.serialize(document)).toThrow(BSON.BSONError)
    expect(throughBson(document)).toBe(JSON.stringify(document))
  })

  it.each([
    '%',
    '%25',
    '$set',
    'a.b',
    'a\u0000b',
    '',
    '__proto__',
    '_bsontype',
    '$ref',
    'Zoë',
    '7',
  ])('gives back a member named %j', (name) => {
    const document = JSON.parse(`{"z": {${JSON.stringify(name)}: [{"b": 1, "a": 0.5}]}, "a": null}`)
    expect(throughBson(document)).toBe(JSON.stringify(document))
  })

  it(`gives back any JSON byte for byte (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (given) => {
        const document = JSON.parse(JSON.stringify(given))
        expect(throughBson(document)).toBe(JSON.stringify(document))
      }),
      runs(300),
    )
  })

  it(`stores every name as another, without what MongoDB refuses (seed ${seed})`, () => {
    const name = fc.string({ unit: fc.constantFrom('%', '$', '.', '\u0000', '2', '5', 'a', '_') })
    fc.assert(
      fc.property(name, (given) => {
        expect(storedName(given)).not.toMatch(/[$.\0]/)
        expect(nameOf(storedName(given))).toBe(given)
      }),
      runs(500),
    )
  })
})

/** JSON of a document after it was in a database. */
function throughBson(document: Document): string {
  const bytes = BSON.serialize({ document: storedObject(document) })
  const { document: stored } = BSON.deserialize(bytes, { useBigInt64: true })
  return JSON.stringify(
    documentOf(tasks, { ledgerId: 'main', id: 'a' }, { revision: 0n, fields: {}, document: stored })
      .document,
  )
}

describe('the driver', () => {
  it('is told what acknowledged and read mean, whatever the URL says', async () => {
    const url = 'mongodb://127.0.0.1/?w=0&journal=false&readPreference=secondary'
    const connection = new MongoConnection({
      url: `${url}&readConcernLevel=local`,
      database: 'any',
    })
    const database = connection.databaseOf(new MongoClient(url))
    expect(database.writeConcern).toMatchObject({ w: 'majority', journal: true })
    expect(database.readConcern).toMatchObject({ level: 'majority' })
    expect(database.readPreference).toMatchObject({ mode: 'primary' })
    const documents = documentsOfModel(database, { ...tasks, build: 1 })
    expect(documents.writeConcern).toMatchObject({ w: 'majority', journal: true })
    expect(documents.readPreference).toMatchObject({ mode: 'primary' })
    // A new primary may know of an older majority than the one before it did.
    expect(documents.readConcern).toMatchObject({ level: 'local' })
    const collection = database.collection('any')
    expect(collection.writeConcern).toMatchObject({ w: 'majority', journal: true })
  })

  it('does not let its words about a URL through: they may hold a password', async () => {
    const url = 'mongodb://daybook:hunter2@:nowhere:/?x'
    const opened = openMongoReadModelWriter({ url, database: 'any' })
    await expect(opened).rejects.toThrow(/^The URL of MongoDB is not one/)
    await expect(opened).rejects.not.toThrow(/hunter2/)
  })
})

describeWith(['mongodb'], 'a commit to MongoDB', (servers) => {
  const makeStore = () => aMongoDatabase(servers)

  it('refuses a number that would wrap, and stores nothing', async () => {
    await using store = await filled(makeStore)
    const tooLarge = aTask('a', { number: (int64Max + 1n).toString() })
    await expect(store.writer.commit([aChange({ documents: [tooLarge] })])).rejects.toThrow(
      DocumentUnfit,
    )
    const beyond = aChange({ checkpoint: at(int64Max + 1n) })
    await expect(store.writer.commit([beyond])).rejects.toThrow(RangeError)
    const revision = aTask('a', {}, int64Max + 1n)
    await expect(store.writer.commit([aChange({ documents: [revision] })])).rejects.toThrow(
      DocumentUnfit,
    )
    await expect(store.writer.saveFeedPosition('log', int64Max + 1n)).rejects.toThrow(RangeError)
    expect(await store.writer.load(tasks, main, ['a'])).toEqual([])
    expect(await store.writer.checkpoint(tasks, main)).toBeUndefined()
  })

  it('writes a document once, in the newest of its versions: a bulk has no order', async () => {
    await using store = await filled(makeStore)
    const versions = [2n, 5n, 3n, 4n].map((each) => aTask('a', { number: `${each}` }, each))
    await store.writer.commit([aChange({ checkpoint: at(5n), documents: versions })])
    expect(await store.writer.load(tasks, main, ['a'])).toEqual([versions[1]])
  })

  it('takes a document that is there already for its own, where none is written twice', async () => {
    await using store = await filled(makeStore)
    const log = { ...tasks, name: 'log', appendOnly: true } as const
    await store.writer.prepare(log)
    const [first, second] = [aTask('a'), aTask('b', {}, 1n)]
    await store.writer.commit([aChange({ model: log, documents: [first] })])
    const again = { model: log, expected: 0n, checkpoint: at(1n), documents: [first, second] }
    expect(await store.writer.commit([aChange(again)])).toBe(true)
    expect(idsOf(await store.writer.load(log, main, ['a', 'b']))).toEqual(['a', 'b'])
  })

  it('is acknowledged as stored, whatever the URL says', async () => {
    await using store = await makeStore()
    const url = `${store.url}/?w=0&readPreference=secondaryPreferred`
    await using writer = await openMongoReadModelWriter({ url, database: store.database })
    await writer.prepare(tasks)
    expect(await writer.commit([aChange({ documents: [aTask('a')] })])).toBe(true)
    expect(await writer.commit([aChange({ documents: [aTask('a')] })])).toBe(false)
  })

  it.each([12, 8])(
    'names a document that has become too large, twice %i MiB',
    async (mebibytes) => {
      await using store = await filled(makeStore)
      const text = Array.from({ length: mebibytes }, () => 'x'.repeat(1_048_576))
      const large = (revision: bigint) => [aTask('a', { text }, revision), aTask('b', {}, revision)]
      await store.writer.commit([aChange({ documents: large(0n) })])
      const change = aChange({ expected: 0n, checkpoint: at(1n), documents: large(1n) })
      await expect(store.writer.commit([change])).rejects.toThrow(
        new DocumentTooLarge({ ...tasks, build: 1 }, main, 'a'),
      )
      expect(await store.writer.checkpoint(tasks, main)).toEqual(at(0n))
    },
  )

  it('is not made for other fields under the same version', async () => {
    await using store = await filled(makeStore)
    const changed = { ...tasks, fields: { ...tasks.fields, colour: 'text' } } as const
    await expect(store.writer.prepare(changed)).rejects.toThrow('count its version up')
    await expect(store.writer.prepare({ ...changed, version: 2 })).resolves.toBeUndefined()
  })

  it('can be read in the database: fields, content, and what it was before', async () => {
    const before = { owner: 'ann', number: '1', metadata: { 'a.b': '$x' } }
    await using store = await filled(makeStore, [aTask('a', before)])
    const changed = aTask('a', { ...before, owner: 'bob' }, 1n)
    await store.writer.commit([aChange({ expected: 0n, checkpoint: at(1n), documents: [changed] })])
    await using client = await store.store.connect()
    const database = client.db(store.store.database)
    expect(await database.collection('tasks_v1').findOne()).toEqual({
      _id: 'acme-main/a',
      ledgerId: main,
      id: 'a',
      revision: 1n,
      fields: { owner: 'bob', number: 1n },
      document: { owner: 'bob', number: '1', metadata: { 'a%2eb': '$x' } },
      before: {
        revision: 0n,
        fields: { owner: 'ann', number: 1n },
        document: { owner: 'ann', number: '1', metadata: { 'a%2eb': '$x' } },
      },
      asOf: 0n,
    })
    expect(await database.collection('checkpoints').findOne()).toMatchObject({
      _id: 'acme-main/tasks@1',
      revision: 1n,
    })
  })
})

describeWith(['mongodb'], 'a find in MongoDB', (servers) => {
  it('takes operators in values for the text that they are', async () => {
    const makeStore = () => aMongoDatabase(servers)
    await using store = await filled(makeStore, [aTask('a', { owner: '$ne', number: '1' })])
    const owned = (is: string) =>
      store.find({ where: [{ field: 'owner', is }], orderBy: ['number'] })
    expect(idsOf(await owned('$ne'))).toEqual(['a'])
    expect(await owned('{"$ne": ""}')).toEqual([])
    expect(await owned(JSON.parse('{"$ne": ""}'))).toEqual([])
    expect(await owned(JSON.parse('{"$gt": ""}'))).toEqual([])
  })
})
