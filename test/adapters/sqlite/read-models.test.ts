import { describe, expect, it } from 'vitest'
import { aReadModelFile } from '#test/adapters/sqlite/read-models-file.ts'
import { describeReadModels } from '#test/contracts/read-models.ts'
import { aChange, aTask, at, filled, main, tasks } from '#test/contracts/read-models-examples.ts'

describeReadModels('SQLite', aReadModelFile)

/** Stricter than the port: documents and checkpoint are one transaction. */
describe('SQLite: writers at the same checkpoint', () => {
  it('store what one of them has, and nothing of the others', async () => {
    await using store = await filled(aReadModelFile)
    await using second = await store.store.openWriter()
    const writers = [store.writer, second, store.writer, second]
    for (let revision = 0n; revision < 10n; revision += 1n) {
      const expected = revision === 0n ? undefined : revision - 1n
      const results = await Promise.all(
        writers.map((writer, index) => {
          const documents = [aTask('a', { by: String(index) }, revision)]
          return writer.commit([aChange({ expected, checkpoint: at(revision), documents })])
        }),
      )
      expect(results.filter((stored) => stored)).toHaveLength(1)
      const [stored] = await second.load(tasks, main, ['a'])
      expect(stored?.document).toEqual({ by: String(results.indexOf(true)) })
    }
  })
})
