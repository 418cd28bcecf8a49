import { describe, expect, it } from 'vitest'
import { acrossIndexes, collectionOf, ledgerIndexes } from '#adapters/mongodb/collections.ts'
import { type FindPlan, planFind } from '#adapters/mongodb/find.ts'
import type { Row } from '#adapters/mongodb/rows.ts'
import type { Find, ReadModelShape } from '#ports/read-models.ts'
import { allProjections } from '#projections/all-projections.ts'
import { aMongoDatabase } from '#test/adapters/mongodb/database.ts'
import { main, tasks } from '#test/contracts/read-models-examples.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

const plan = (find: Partial<Find>, ledgerId: string | undefined = main) =>
  planFind(tasks, { where: [], orderBy: [], limit: 50, ...find }, ledgerId)

describe('the plan of a find', () => {
  it('is one range of the index that fixes most of it', () => {
    const where = [
      { field: 'owner', is: 'ann' },
      { field: 'status', is: 'open' },
    ]
    expect(plan({ where, orderBy: ['number'] })).toMatchObject({
      index: 'by_ledger_status_owner_number_id',
      sort: { 'fields.number': 1, id: 1 },
      current: {
        $and: [
          { ledgerId: { $eq: main } },
          { 'fields.status': { $eq: 'open' } },
          { 'fields.owner': { $eq: 'ann' } },
        ],
      },
    })
  })

  it('goes on after the last one seen in one range for each part of the order', () => {
    const after = ['3', 'a']
    expect(plan({ orderBy: ['number'], after, descending: true })?.current).toEqual({
      $or: [
        { $and: [{ ledgerId: { $eq: main } }, { 'fields.number': { $lt: 3n } }] },
        {
          $and: [
            { ledgerId: { $eq: main } },
            { 'fields.number': { $eq: 3n } },
            { id: { $lt: 'a' } },
          ],
        },
      ],
    })
  })

  it('goes by _id where nothing is asked', () => {
    expect(plan({ after: ['a'] })).toMatchObject({
      index: '_id_',
      sort: { _id: 1 },
      current: {
        $and: [{ _id: { $gt: 'acme-main/', $lt: 'acme-main0' } }, { _id: { $gt: 'acme-main/a' } }],
      },
    })
  })

  it('takes what is no text for a value, never for a condition', () => {
    const smuggled = JSON.parse('{"field": "owner", "is": {"$ne": ""}}')
    expect(plan({ where: [smuggled], orderBy: ['number'] })?.current).toEqual({
      $and: [{ ledgerId: { $eq: main } }, { 'fields.owner': { $eq: { $ne: '' } } }],
    })
  })

  it.each([
    ['no index has the field', { where: [{ field: 'label', is: 'a' }], orderBy: ['number'] }, main],
    ['no index has the order', { orderBy: ['number', 'due'] }, main],
    ['the range is not that of the order', { where: [{ field: 'due', from: '2' }] }, main],
    ['no index spans the ledgers', { orderBy: ['number'] }, undefined],
  ])('is refused by name where %s', (_case, find, ledgerId) => {
    const whole = { where: [], orderBy: [], limit: 50, ...find }
    expect(() => planFind(tasks, whole, ledgerId)).toThrow(
      /^no index of tasks v1 serves a find where \(.*\)/,
    )
  })

  it('is there for every index that a projection declares', () => {
    for (const { model, find, ledgerId } of allFinds())
      expect(planFind(model, find, ledgerId)).toBeDefined()
  })
})

describeWith(['mongodb-real'], 'the plan of MongoDB itself', (servers) => {
  it('searches the index of every list and never sorts', async () => {
    await using store = await aMongoDatabase(servers)
    await using writer = await store.openWriter()
    for (const model of allProjections) await writer.prepare(model)
    await using client = await store.connect()
    for (const { model, find, ledgerId } of allFinds()) {
      const { current, sort, index } = planFind(model, find, ledgerId) ?? noPlan()
      const collection = client.db(store.database).collection<Row>(collectionOf(model))
      const filter = { $and: [current, { revision: { $lte: 1n } }] }
      const cursor = collection.find(filter, { sort: { ...sort }, limit: 50, hint: index })
      const explained = JSON.stringify(await cursor.explain('queryPlanner'))
      expect(explained).toContain(`"indexName":"${index}"`)
      expect(explained).not.toMatch(/"stage":"(COLLSCAN|SORT)"/)
    }
  })
})

function noPlan(): FindPlan {
  throw new Error('a find that finds something has a plan')
}

type Asked = {
  readonly model: ReadModelShape
  readonly find: Find
  readonly ledgerId: string | undefined
}

/** Every way to use an index of a projection: its leading fields fixed at one value or two, the others the order, from either end, anew and further on. */
function allFinds(): Asked[] {
  return allProjections.flatMap((model) => [
    ...ledgerIndexes(model).flatMap(({ fields }) => asked(model, fields, main)),
    ...acrossIndexes(model).flatMap(({ fields }) => asked(model, fields, undefined)),
  ])
}

function asked(
  model: ReadModelShape,
  fields: readonly string[],
  ledgerId: string | undefined,
): Asked[] {
  return [...fields.keys(), fields.length].flatMap((count) =>
    [['1'], ['1', '2']].flatMap((oneOf) =>
      [false, true].flatMap((descending) => {
        const where = fields.slice(0, count).map((field) => ({ field, oneOf }))
        const orderBy = fields.slice(count)
        const first: Find = { where, orderBy, descending, limit: 50 }
        const next: Find = { ...first, after: [...orderBy.map(() => '1'), '1'] }
        return [first, next].map((find) => ({ model, find, ledgerId }))
      }),
    ),
  )
}
