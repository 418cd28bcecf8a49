import { describe, expect, it } from 'vitest'
import type { Find, ReadModelShape, StoredDocument } from '#ports/read-models.ts'
import {
  aChange,
  at,
  idsOf,
  main,
  type ReadModelStore,
} from '#test/contracts/read-models-examples.ts'

/** Notes by number, of which few have a label, and hardly two the same ticket. */
const notes: ReadModelShape = {
  name: 'notes',
  version: 1,
  id: 'number',
  sparse: ['label'],
  selective: ['ticket'],
  fields: { number: 'integer', label: 'text', kind: 'text', ticket: 'text' },
  indexes: [['number'], ['label', 'number'], ['kind', 'number'], ['ticket', 'number']],
  acrossLedgers: [['kind']],
}

/** People by name. */
const people: ReadModelShape = {
  name: 'people',
  version: 1,
  id: 'name',
  fields: { name: 'text', town: 'text' },
  indexes: [['name'], ['town', 'name']],
}

const beyondDoubles = '9007199254740993'
const numbers = ['2', '10', '9', '0', '100', beyondDoubles]
const inOrder = ['0', '2', '9', '10', '100', beyondDoubles]

function aNote(number: string, more: object = {}, revision = 0n): StoredDocument {
  return { id: number, revision, document: { number, kind: 'memo', ...more } }
}

/** What a store must make of a model whose ids are one of its fields. */
export function describeIds(name: string, makeStore: () => Promise<ReadModelStore>): void {
  async function opened(model: ReadModelShape, documents: readonly StoredDocument[]) {
    const store = await makeStore()
    const writer = await store.openWriter()
    const readModels = await store.openReadModels()
    await writer.prepare(model)
    await writer.commit([aChange({ model, documents })])
    return {
      writer,
      readModels,
      async find(find: Partial<Find>) {
        await using view = await readModels.view(main)
        return view.find(model, { where: [], orderBy: [], limit: 100, ...find })
      },
      across: async (find: Partial<Find>) => {
        await using view = await readModels.view(undefined)
        return view.find(model, { where: [], orderBy: [], limit: 100, ...find })
      },
      async get(id: string) {
        await using view = await readModels.view(main)
        return view.get(model, id)
      },
      async [Symbol.asyncDispose]() {
        await readModels[Symbol.asyncDispose]()
        await writer[Symbol.asyncDispose]()
        await store[Symbol.asyncDispose]()
      },
    }
  }

  describe(`${name}: a model whose ids are a field`, () => {
    it('gets a document by its id', async () => {
      await using store = await opened(
        notes,
        numbers.map((number) => aNote(number)),
      )
      for (const number of numbers) expect(await store.get(number)).toEqual(aNote(number))
      expect(await store.get('3')).toBeUndefined()
    })

    it('loads those that are there', async () => {
      await using store = await opened(
        notes,
        numbers.map((number) => aNote(number)),
      )
      const loaded = await store.writer.load(notes, main, [beyondDoubles, '3', '10'])
      expect(new Set(idsOf(loaded))).toEqual(new Set(['10', beyondDoubles]))
    })

    it('replaces a document', async () => {
      await using store = await opened(notes, [aNote('7'), aNote('8')])
      const documents = [aNote('7', { kind: 'letter', label: 'x' }, 1n)]
      const change = { model: notes, expected: 0n, checkpoint: at(1n), documents }
      expect(await store.writer.commit([aChange(change)])).toBe(true)
      expect(await store.get('7')).toEqual(documents[0])
      const byKind = { where: [{ field: 'kind', is: 'memo' }], orderBy: ['number'] }
      expect(idsOf(await store.find(byKind))).toEqual(['8'])
      const byLabel = { where: [{ field: 'label', is: 'x' }], orderBy: ['number'] }
      expect(idsOf(await store.find(byLabel))).toEqual(['7'])
    })

    it.each([false, true])('finds by number, descending %s, page by page', async (descending) => {
      await using store = await opened(
        notes,
        numbers.map((number) => aNote(number)),
      )
      const seen: string[] = []
      for (;;) {
        const last = seen.at(-1)
        const after = last === undefined ? {} : { after: [last, last] }
        const [found] = await store.find({ orderBy: ['number'], descending, limit: 1, ...after })
        if (found === undefined) break
        seen.push(found.id)
      }
      expect(seen).toEqual(descending ? inOrder.toReversed() : inOrder)
    })

    it('finds within a kind, after one of its documents', async () => {
      await using store = await opened(notes, [
        aNote('1'),
        aNote('2', { kind: 'letter' }),
        aNote('10'),
        aNote('11'),
      ])
      const where = [{ field: 'kind', is: 'memo' }]
      const page = await store.find({ where, orderBy: ['number'], after: ['1', '1'] })
      expect(idsOf(page)).toEqual(['10', '11'])
    })

    it('finds across ledgers', async () => {
      await using store = await opened(
        notes,
        numbers.map((number) => aNote(number)),
      )
      const where = [{ field: 'kind', is: 'memo' }]
      const found = idsOf(await store.across({ where, orderBy: ['kind'] }))
      expect(new Set(found)).toEqual(new Set(inOrder))
    })

    it('finds by a field whose values hardly repeat, in one ledger of several', async () => {
      const ticket = 'T-1'
      await using store = await opened(notes, [
        aNote('10', { ticket }),
        aNote('2', { ticket }),
        aNote('3', { ticket: 'T-2' }),
        aNote('4'),
      ])
      const elsewhere = { model: notes, ledgerId: 'other', documents: [aNote('5', { ticket })] }
      expect(await store.writer.commit([aChange(elsewhere)])).toBe(true)
      const find = { where: [{ field: 'ticket', is: ticket }], orderBy: ['number'] }
      expect(idsOf(await store.find(find))).toEqual(['2', '10'])
      expect(idsOf(await store.find({ ...find, descending: true }))).toEqual(['10', '2'])
      expect(idsOf(await store.find({ ...find, after: ['2', '2'] }))).toEqual(['10'])
    })

    it('finds by a field that few have', async () => {
      await using store = await opened(notes, [
        aNote('1'),
        aNote('2', { label: 'x' }),
        aNote('3', { label: 'y' }),
      ])
      const where = [{ field: 'label', oneOf: ['y', 'x', 'z'] }]
      expect(idsOf(await store.find({ where, orderBy: ['number'] }))).toEqual(['2', '3'])
    })

    it('takes text for ids as it comes', async () => {
      const names = ['bob', '', 'Ann', 'é']
      const documents = names.map((each) => ({
        id: each,
        revision: 0n,
        document: { name: each, town: 'Ghent' },
      }))
      await using store = await opened(people, documents)
      expect(idsOf(await store.find({ orderBy: ['name'] }))).toEqual(['', 'Ann', 'bob', 'é'])
      const where = [{ field: 'town', is: 'Ghent' }]
      const page = await store.find({ where, orderBy: ['name'], after: ['Ann', 'Ann'] })
      expect(idsOf(page)).toEqual(['bob', 'é'])
      expect((await store.get('é'))?.document).toEqual({ name: 'é', town: 'Ghent' })
    })
  })
}
