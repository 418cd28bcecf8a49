import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { aReadModelFile } from '#test/adapters/sqlite/read-models-file.ts'
import { aChange, aTask, filled, main, tasks } from '#test/contracts/read-models-examples.ts'

const numbered = { ...tasks, name: 'numbered', id: 'number' }
const documents = ['1', '2', '3'].map((number) => aTask(number, { number, owner: 'ann' }))

describe('SQLite: a row that somebody has changed', () => {
  it.each([
    ['another text', `f_owner = 'bob' WHERE f_number = 2`, [{ id: '2', misfiled: true }]],
    ['no value', 'f_owner = NULL WHERE f_number = 2', [{ id: '2', misfiled: true }]],
    ['one that the document lacks', `f_due = '' WHERE f_number = 2`, [{ id: '2', misfiled: true }]],
    ['another id', 'f_number = 9 WHERE f_number = 2', [{ id: '9', misfiled: true }]],
    ['no id', 'f_number = NULL WHERE f_number = 2', [{ id: '', misfiled: true }]],
    ['no object', `document = 'null' WHERE f_number = 2`, [{ id: '2', misfiled: true }]],
  ])('is told of by a find that checks the fields: %s', async (_case, change, expected) => {
    await using store = await tampered(`UPDATE numbered_v1 SET ${change}`)
    await using view = await store.readModels.view(main)
    const asked = { where: [], orderBy: ['number'], limit: 9, checksFields: true } as const
    const found = await view.find(numbered, asked)
    expect(found).toHaveLength(3)
    expect(found.filter(({ misfiled }) => misfiled === true)).toMatchObject(expected)
  })

  it('shows among the ledgers under no name where its ledger has none', async () => {
    await using store = await tampered('UPDATE numbered_v1 SET ledger = 7 WHERE f_number = 2')
    expect(await store.readModels.ledgers(numbered)).toEqual([main, '#7'])
  })
})

describe('SQLite: the faults of the file', () => {
  it('are none in one that only the program wrote to', async () => {
    await using file = await aReadModelFile()
    await using readModels = await file.openReadModels()
    expect(await readModels.faults?.()).toEqual([])
    await using store = await tampered('SELECT 1')
    expect(await store.readModels.faults?.()).toEqual([])
  })

  it('name an index that lacks a row', async () => {
    await using store = await tampered(`PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = replace(sql, 'f_number)', 'f_number) WHERE f_number <> 2')
        WHERE name = 'numbered_v1_by_ledger_owner_number';
      PRAGMA writable_schema = RESET;
      REINDEX;
      PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = replace(sql, ' WHERE f_number <> 2', '');`)
    expect(await store.readModels.faults?.()).toEqual([
      'wrong # of entries in index numbered_v1_by_ledger_owner_number',
      'row 2 missing from index numbered_v1_by_ledger_owner_number',
    ])
  })
})

/** Three documents, and SQL run on their file behind the program's back. */
async function tampered(sql: string) {
  const store = await filled(aReadModelFile)
  await store.writer.prepare(numbered)
  await store.writer.commit([aChange({ model: numbered, documents })])
  using database = new DatabaseSync(store.store.path, { defensive: false })
  database.exec(sql)
  return store
}
