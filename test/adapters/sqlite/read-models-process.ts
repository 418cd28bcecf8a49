import { openSqliteReadModelWriter } from '#adapters/sqlite/read-models-writer.ts'
import { aChange, aTask, at, tags, tasks } from '#test/contracts/read-models-examples.ts'

/**
 * A projector in a process of its own: counts the same two documents of two models up, one commit after the other, until
 * it is killed or has done as many as it was told. Says so on standard output when it has begun.
 */
const [path = '', name = '', count = ''] = process.argv.slice(2)
await using writer = await openSqliteReadModelWriter({ path })
for (const model of [tasks, tags]) await writer.prepare(model)
process.stdout.write('begun\n')
for (let done = 0; done < Number(count); ) if (await countUp()) done += 1

async function countUp(): Promise<boolean> {
  const expected = (await writer.checkpoint(tasks, name))?.revision
  const revision = (expected ?? -1n) + 1n
  const documents = ['a', 'b'].map((id) => aTask(id, { number: String(revision) }, revision))
  const moves = { ledgerId: name, expected, checkpoint: at(revision), documents }
  return writer.commit([aChange(moves), aChange({ ...moves, model: tags })])
}
