import { describe, expect, it } from 'vitest'
import type { Document } from '#ports/read-models.ts'
import { DocumentUnfit } from '#ports/refused-documents.ts'
import {
  aChange,
  aTask,
  at,
  filled,
  idsOf,
  main,
  other,
  type ReadModelStore,
  tasks,
} from '#test/contracts/read-models-examples.ts'

/** What no type lets a fold make, and a bug of one does. */
export function unfitDocuments(): readonly (readonly [string, Document])[] {
  const holdsItself: Record<string, unknown> = {}
  holdsItself['again'] = [holdsItself]
  const made: readonly (readonly [string, unknown])[] = [
    ['a number in a field', { owner: 7 }],
    ['an object in a field', { owner: {} }],
    ['no integer where one is declared', { number: '1.5' }],
    ['an integer of more than 64 bits', { number: '9223372036854775808' }],
    ['a bigint', { amounts: [5n] }],
    ['itself', holdsItself],
    ['nothing at all: undefined', undefined],
    ['no object: a text', 'text'],
    ['no object: a list', []],
  ]
  return made.map(([what, document]) => [what, claimed(document)])
}

function claimed(document: unknown): Document {
  if (!isClaimed(document)) throw new Error('the store is to find out what it is')
  return document
}

function isClaimed(_document: unknown): _document is Document {
  return true
}

/** What every read-model store does with a document that it could not give back, or not find. */
export function describeUnfit(name: string, makeStore: () => Promise<ReadModelStore>): void {
  describe(`${name}: a document that is unfit`, () => {
    it.each(unfitDocuments())(
      'is refused by name, and nothing with it shows: %s',
      async (_, unfit) => {
        await using store = await filled(makeStore, [aTask('a', { owner: 'ann' })])
        const documents = [aTask('b', {}, 1n), { id: 'c', revision: 1n, document: unfit }]
        const changes = [
          aChange({ ledgerId: other }),
          aChange({ expected: 0n, checkpoint: at(1n), documents }),
        ]
        const refused = await store.writer.commit(changes).catch((error: unknown) => error)
        expect(refused).toBeInstanceOf(DocumentUnfit)
        expect(refused).toMatchObject({
          ledgerId: main,
          model: { name: tasks.name, version: tasks.version },
          message: expect.stringContaining("the document c of tasks can't be stored: "),
        })
        expect(idsOf(await store.find({}))).toEqual(['a'])
        expect(await store.readModels.checkpoints(tasks)).toEqual(new Map([[main, at(0n)]]))
      },
    )

    it('is refused where it lacks the field that has its id', async () => {
      await using store = await filled(makeStore)
      const numbered = { ...tasks, name: 'numbered', id: 'number' }
      await store.writer.prepare(numbered)
      const documents = [aTask('10', { number: '9' })]
      const refused = store.writer.commit([aChange({ model: numbered, documents })])
      await expect(refused).rejects.toBeInstanceOf(DocumentUnfit)
    })
  })
}
