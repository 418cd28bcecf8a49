import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Condition, Find, StoredDocument } from '#ports/read-models.ts'
import {
  aChange,
  aTask,
  expectedIds,
  filled,
  idsOf,
  main,
  memberOf,
  other,
  type ReadModelStore,
  tasks,
} from '#test/contracts/read-models-examples.ts'

/** What a server that stands in for the real one doesn't do. */
export type Oddities = { readonly ordersByCodePoints?: boolean }

const int64Max = 2n ** 63n - 1n

const labelled = (...labels: string[]) => labels.map((label) => aTask(label, { label }))

const byLabel = (condition: object) => {
  const where: Condition[] = [{ field: 'label', ...condition }]
  return { where, orderBy: ['label'] }
}

/** What every read-model store must find. */
export function describeFinds(
  name: string,
  makeStore: () => Promise<ReadModelStore>,
  { ordersByCodePoints = true }: Oddities = {},
): void {
  const found = async (documents: readonly StoredDocument[], find: Partial<Find>) => {
    await using store = await filled(makeStore, documents)
    return idsOf(await store.find(find))
  }

  describe(`${name}: a find by text`, () => {
    const labels = ['', 'A', 'a', 'a:', 'a:b', 'aa', 'b', 'é', '\u{fffd}', '𝄞', '𝄞𝄞', '\u{10ffff}']

    it.each([
      ['is', { is: 'a' }, ['a']],
      ['is, for no document', { is: 'nobody' }, []],
      ['one of, in their order', { oneOf: ['b', 'none', 'A', 'b', 'é'] }, ['A', 'b', 'é']],
      ['one of none', { oneOf: [] }, []],
      ['before, exclusive', { before: 'a' }, ['', 'A']],
      ['up to, inclusive', { upTo: 'a' }, ['', 'A', 'a']],
      ['from and before', { from: 'a', before: 'aa' }, ['a', 'a:', 'a:b']],
      ['from and up to', { from: 'a:', upTo: 'aa' }, ['a:', 'a:b', 'aa']],
      ['a range the wrong way round', { from: 'b', before: 'a' }, []],
      ['a prefix', { prefix: 'a' }, ['a', 'a:', 'a:b', 'aa']],
      ['a prefix that is not a pattern', { prefix: '%' }, []],
      ['a prefix beyond the basic plane', { prefix: '𝄞' }, ['𝄞', '𝄞𝄞']],
    ])('compares text: %s', async (_case, condition, expected) => {
      expect(await found(labelled(...labels), byLabel(condition))).toEqual(expected)
    })

    const byCodePoints = ordersByCodePoints ? '' : ' (the stand-in sorts by UTF-16)'
    it.skipIf(!ordersByCodePoints).each([
      ['from, inclusive', { from: 'é' }, ['é', '\u{fffd}', '𝄞', '𝄞𝄞', '\u{10ffff}']],
      ['a prefix that nothing comes after', { prefix: '\u{10ffff}' }, ['\u{10ffff}']],
      ['an empty prefix', { prefix: '' }, labels],
    ])(
      `compares by code points, not by UTF-16: %s${byCodePoints}`,
      async (_case, condition, expected) => {
        expect(await found(labelled(...labels), byLabel(condition))).toEqual(expected)
      },
    )

    it('ends a prefix before the surrogates, not among them', async () => {
      const documents = labelled('\u{d7ff}', '\u{d7ff}x', '\u{e000}')
      expect(await found(documents, byLabel({ prefix: '\u{d7ff}' }))).toEqual([
        '\u{d7ff}',
        '\u{d7ff}x',
      ])
    })

    it('meets all its conditions on one field', async () => {
      const where: Condition[] = [
        { field: 'label', prefix: 'a' },
        { field: 'label', from: 'a:' },
        { field: 'label', oneOf: ['a', 'a:b', 'aa', 'b'] },
      ]
      expect(await found(labelled(...labels), { where, orderBy: ['label'] })).toEqual(['a:b', 'aa'])
    })

    it('leaves out documents that lack the field', async () => {
      const documents = [aTask('without', { status: 'open' }), ...labelled('with')]
      expect(await found(documents, byLabel({ from: '' }))).toEqual(['with'])
      expect(await found(documents, byLabel({ prefix: '' }))).toEqual(['with'])
    })

    it('does not know a field that is not declared', async () => {
      await using store = await filled(makeStore)
      const find = { where: [{ field: 'colour', is: 'red' }], orderBy: ['label'] }
      await expect(store.find(find)).rejects.toThrow('colour')
      await expect(store.find({ orderBy: ['colour'] })).rejects.toThrow('colour')
    })
  })

  describe(`${name}: a find by integer`, () => {
    const numbers = ['9', '10', '-1', '9007199254740993', '9007199254740992', int64Max.toString()]
    const numbered = numbers.map((number) => aTask(`#${number}`, { number, owner: 'ann' }))
    const byNumber = (condition: object) => {
      const where: Condition[] = [{ field: 'number', ...condition }]
      return found(numbered, { where, orderBy: ['number'] })
    }
    const [nine, ten, minus, odd, even, largest] = idsOf(numbered)

    it('compares as numbers, exactly', async () => {
      expect(await byNumber({ from: '-9' })).toEqual([minus, nine, ten, even, odd, largest])
      expect(await byNumber({ is: '9007199254740993' })).toEqual([odd])
      expect(await byNumber({ before: '9007199254740993' })).toEqual([minus, nine, ten, even])
      expect(await byNumber({ upTo: '10' })).toEqual([minus, nine, ten])
      expect(await byNumber({ from: '9007199254740993' })).toEqual([odd, largest])
      expect(await byNumber({ oneOf: [int64Max.toString(), '9'] })).toEqual([nine, largest])
    })

    it('pages through them', async () => {
      const after = ['9007199254740992', '#9007199254740992']
      expect(await found(numbered, { orderBy: ['number'], after })).toEqual([odd, largest])
    })
  })

  describe(`${name}: a page of a find`, () => {
    const ids = ['a', 'b', 'c', 'd', '10', '9', 'ä']
    const tied = ids.map((id) => aTask(id, { owner: 'ann', number: id === 'd' ? '1' : '2' }))

    it('goes on after the last one seen, also among equals', async () => {
      await using store = await filled(makeStore, tied)
      const find = { where: [{ field: 'owner', is: 'ann' }], orderBy: ['number'], limit: 2 }
      const ascending = ['d', '10', '9', 'a', 'b', 'c', 'ä']
      expect(await paged(store.find, find)).toEqual(ascending)
      expect(await paged(store.find, { ...find, descending: true })).toEqual(ascending.toReversed())
    })

    it('goes by id alone where nothing else is asked', async () => {
      await using store = await filled(makeStore, tied)
      const find = { where: [], orderBy: [], limit: 3 }
      const ascending = ['10', '9', 'a', 'b', 'c', 'd', 'ä']
      expect(await paged(store.find, find)).toEqual(ascending)
      expect(await paged(store.find, { ...find, descending: true })).toEqual(ascending.toReversed())
    })

    it('is empty after the last document', async () => {
      expect(await found(tied, { orderBy: ['number'], after: ['2', 'ä'] })).toEqual([])
    })

    it('goes on after a document that is no longer there', async () => {
      expect(await found(tied, { orderBy: ['number'], after: ['1', 'zz'], limit: 1 })).toEqual([
        '10',
      ])
    })
  })

  describe(`${name}: a find across ledgers`, () => {
    const find = { where: [{ field: 'status', is: 'open' }], orderBy: ['due'] }

    it('names the ledger of each document', async () => {
      await using store = await twoLedgers(makeStore)
      await using view = await store.readModels.view(undefined)
      const [first] = await view.find(tasks, { where: [], orderBy: ['label'], limit: 1 })
      expect([main, other]).toContain(first?.ledgerId)
      await using one = await store.readModels.view(main)
      expect(await one.get(tasks, '1')).not.toHaveProperty('ledgerId')
    })

    it.each([false, true])('pages through equals of all, descending: %s', async (descending) => {
      await using store = await twoLedgers(makeStore)
      const seen: string[] = []
      let after: { after?: string[] } = {}
      for (;;) {
        await using view = await store.readModels.view(undefined)
        const [next] = await view.find(tasks, { ...find, ...after, descending, limit: 1 })
        if (next === undefined) break
        seen.push(`${next.id} of ${next.ledgerId}`)
        after = { after: [memberOf(next, 'due'), next.id, next.ledgerId ?? ''] }
      }
      const all = ['1', '2', '3'].flatMap((id) => [main, other].map((each) => `${id} of ${each}`))
      expect(seen.toSorted()).toEqual(all)
    })

    it('finds nothing of other ledgers in a view of one', async () => {
      await using store = await twoLedgers(makeStore)
      expect(idsOf(await store.find({ orderBy: ['label'] }, 'acme-nobody'))).toEqual([])
      expect(idsOf(await store.find({ orderBy: ['label'] }, other))).toEqual(['1', '2', '3'])
    })
  })

  describe(`${name}: any find`, () => {
    it('finds what looking at every document finds, page by page', async () => {
      await using store = await filled(makeStore, someTasks)
      await fc.assert(
        fc.asyncProperty(aFind, async (find) => {
          expect(await paged(store.find, find)).toEqual(expectedIds(someTasks, find))
        }),
        { numRuns: 150 },
      )
    })
  })
}

/** A store with the same three open tasks in two ledgers, due at the same time. */
async function twoLedgers(makeStore: () => Promise<ReadModelStore>) {
  const store = await filled(makeStore)
  const due = '2026-01-01T00:00:00.000Z'
  const documents = ['1', '2', '3'].map((id) => aTask(id, { status: 'open', due, label: id }))
  const changes = [main, other].map((ledgerId) => aChange({ ledgerId, documents }))
  await store.writer.commit(changes)
  return store
}

/** All pages of a find, each after the last one of the page before. */
async function paged(
  read: (find: Find) => Promise<readonly StoredDocument[]>,
  find: Find,
): Promise<string[]> {
  const ids: string[] = []
  let next = find
  for (;;) {
    const page = await read(next)
    ids.push(...idsOf(page))
    const last = page.at(-1)
    if (last === undefined) return ids
    next = { ...find, after: [...find.orderBy.map((field) => memberOf(last, field)), last.id] }
  }
}

const owners = ['ann', 'bob', 'é']
const statuses = ['open', 'done']
const dues = ['2026-01-01', '2026-01-02', '2026-02-01']

/** Few values and many ties. */
const someTasks = Array.from({ length: 60 }, (_, index) =>
  aTask(`${index % 7}/${index}`, {
    owner: owners[index % 3] ?? '',
    status: statuses[(index >> 1) % 2] ?? '',
    due: dues[(index >> 2) % 3] ?? '',
    number: String((index * 5) % 12),
    label: `${owners[(index >> 3) % 3]}:${index % 4}`,
  }),
)

const order = fc.constantFrom(
  { among: ['owner', 'status'], orderBy: ['number'] },
  { among: ['status'], orderBy: ['owner', 'number'] },
  { among: [], orderBy: ['due', 'number'] },
  { among: ['owner'], orderBy: ['due', 'number'] },
  { among: ['status'], orderBy: ['label'] },
)

const aFind: fc.Arbitrary<Find> = order.chain(({ among, orderBy }) => {
  const where = fc
    .tuple(aFixing(among), fc.array(aRange(orderBy, among.length > 0), { maxLength: 2 }))
    .map(([fixing, ranges]) => [...fixing, ...ranges])
  const descending = fc.boolean()
  return fc.record({ where, orderBy: fc.constant(orderBy), descending, limit: fc.nat(6).map(plus) })
})

const plus = (count: number) => count + 1

/** Values for the fields that lead an index. */
function aFixing(among: readonly string[]): fc.Arbitrary<readonly Condition[]> {
  return fc.tuple(...among.map((field) => fc.oneof(anIs(field), aOneOf(field))))
}

function anIs(field: string): fc.Arbitrary<Condition> {
  return aValue(field).map((is) => ({ field, is }))
}

function aOneOf(field: string): fc.Arbitrary<Condition> {
  return fc.array(aValue(field), { maxLength: 3 }).map((oneOf) => ({ field, oneOf }))
}

/** Conditions on the order: ranges of its first field only, where no other field is given. */
function aRange(orderBy: readonly string[], fixing: boolean): fc.Arbitrary<Condition> {
  return fc.constantFrom(...orderBy.slice(0, fixing ? undefined : 1)).chain((field) => {
    const value = aValue(field)
    const bounds = fc.record({ from: value, before: value, upTo: value }, { requiredKeys: [] })
    const within = bounds.map((chosen) => ({ field, ...chosen }))
    return fixing ? fc.oneof(within, aOneOf(field)) : within
  })
}

function aValue(field: string): fc.Arbitrary<string> {
  return fc.constantFrom(...someTasks.map((task) => memberOf(task, field)))
}
