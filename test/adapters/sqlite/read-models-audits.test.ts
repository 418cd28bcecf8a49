import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { DocumentDamaged } from '#ports/damaged-document.ts'
import { aReadModelFile } from '#test/adapters/sqlite/read-models-file.ts'
import { aChange, aTask, filled, main, tags, tasks } from '#test/contracts/read-models-examples.ts'

const numbered = { ...tasks, name: 'numbered', id: 'number' }
const declared = [tasks, tags, numbered]
const documents = ['1', '2', '3'].map((number) => aTask(number, { number, owner: 'ann' }))

describe('SQLite: a row that somebody has changed', () => {
  it.each([
    ['another text', `f_owner = 'bob' WHERE f_number = 2`, [{ id: '2', misfiled: true }]],
    ['no value', 'f_owner = NULL WHERE f_number = 2', [{ id: '2', misfiled: true }]],
    ['one that the document lacks', `f_due = '' WHERE f_number = 2`, [{ id: '2', misfiled: true }]],
    ['another id', 'f_number = 9 WHERE f_number = 2', [{ id: '9', misfiled: true }]],
    ['no id', 'f_number = NULL WHERE f_number = 2', [{ id: '', misfiled: true }]],
    ['no object', `document = 'null' WHERE f_number = 2`, [{ id: '2', misfiled: true }]],
    ['no JSON', `document = '{' WHERE f_number = 2`, [{ id: '2', document: {}, misfiled: true }]],
  ])('is told of by a find that checks the fields: %s', async (_case, change, expected) => {
    await using store = await tampered(`UPDATE numbered_v1 SET ${change}`)
    await using view = await store.readModels.view(main)
    const asked = { where: [], orderBy: ['number'], limit: 9, checksFields: true } as const
    const found = await view.find(numbered, asked)
    expect(found).toHaveLength(3)
    expect(found.filter(({ misfiled }) => misfiled === true)).toMatchObject(expected)
  })

  const damaged = new DocumentDamaged({ model: numbered, ledgerId: main, id: '2' })
  it.each([
    ['no document', `document = '{'`],
    ['none at all', `document = ''`],
    ['no object', `document = 'null'`],
    ['a list', `document = '[]'`],
    ['another digit', `document = replace(document, '2', '9')`],
    ['another order of the same', `document = replace(document, '{', '{ ')`],
    ['another revision', 'revision = revision + 1'],
    ['another checksum', 'checksum = checksum + 1'],
  ])('can’t be read where it is not what was stored: %s', async (_case, change) => {
    await using store = await tampered(`UPDATE numbered_v1 SET ${change} WHERE f_number = 2`)
    await using view = await store.readModels.view(main)
    expect(await view.get(numbered, '1')).toEqual(documents[0])
    for (const reading of [
      () => view.get(numbered, '2'),
      () => view.find(numbered, { where: [], orderBy: ['number'], limit: 9 }),
      () => store.writer.load(numbered, main, ['1', '2']),
    ])
      await expect(reading()).rejects.toThrow(damaged)
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
    expect(await readModels.faults(declared)).toEqual([])
    await using store = await tampered('SELECT 1')
    expect(await store.readModels.faults(declared)).toEqual([])
  })

  it('name an index that lacks a row', async () => {
    await using store = await tampered(`PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = replace(sql, 'f_number)', 'f_number) WHERE f_number <> 2')
        WHERE name = 'numbered_v1_by_ledger_owner_number';
      PRAGMA writable_schema = RESET;
      REINDEX;
      PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = replace(sql, ' WHERE f_number <> 2', '');`)
    expect(await store.readModels.faults(declared)).toEqual([
      'wrong # of entries in index numbered_v1_by_ledger_owner_number',
      'row 2 missing from index numbered_v1_by_ledger_owner_number',
    ])
  })

  const byOwner = 'numbered_v1_by_ledger_owner_number'
  it.each([
    [`DROP INDEX ${byOwner}`, [`the index ${byOwner} of numbered_v1 is missing`]],
    [
      `DROP INDEX ${byOwner}; CREATE INDEX ${byOwner} ON numbered_v1 (ledger, f_owner)`,
      [`the index ${byOwner} of numbered_v1 is not as the program makes it`],
    ],
    [
      `DROP INDEX ${byOwner};
        CREATE INDEX ${byOwner} ON numbered_v1 (ledger, f_owner, f_number) WHERE f_number > 9`,
      [`the index ${byOwner} of numbered_v1 is not as the program makes it`],
    ],
    [
      `DROP INDEX numbered_v1_by_ledger_number;
        CREATE INDEX numbered_v1_by_ledger_number ON numbered_v1 (ledger, f_number)`,
      ['the index numbered_v1_by_ledger_number of numbered_v1 is not as the program makes it'],
    ],
    ['DROP TABLE tags_v1', ['table tags_v1', 'index tags_v1_by_ledger_id of tags_v1'].map(missing)],
    [
      'ALTER TABLE tags_v1 ADD COLUMN colour TEXT',
      ['the table tags_v1 is not as the program makes it'],
    ],
    [
      'ALTER TABLE checkpoints ADD COLUMN colour TEXT',
      ['the table checkpoints is not as the program makes it'],
    ],
    [
      'CREATE TRIGGER tags_v1 AFTER INSERT ON tags_v1 BEGIN DELETE FROM tags_v1; END',
      [`the trigger tags_v1 is none of the program's`],
    ],
    [
      'CREATE TRIGGER stops BEFORE UPDATE ON checkpoints BEGIN SELECT RAISE(IGNORE); END',
      [`the trigger stops of checkpoints is none of the program's`],
    ],
    ['CREATE VIEW seen AS SELECT 1', [`the view seen is none of the program's`]],
    ['CREATE TABLE theirs (id)', [`the table theirs is none of the program's`]],
    [
      'CREATE INDEX theirs ON tags_v1 (document)',
      [`the index theirs of tags_v1 is none of the program's`],
    ],
    ['ANALYZE', []],
    [
      `INSERT INTO checkpoints SELECT model, version, build, 7, 9, recorded_at, NULL, NULL
        FROM checkpoints WHERE model = 'numbered'`,
      ['a checkpoint of numbered is of #7, which is no ledger'],
    ],
  ])('name what is not as the program makes it: %s', async (sql, expected) => {
    await using store = await tampered(sql)
    expect(await store.readModels.faults(declared)).toEqual(expected)
  })

  it('are not what a build lacks that is still filled, nor what is left of one that served', async () => {
    await using store = await tampered('SELECT 1')
    const build = await store.writer.startBuild(numbered, '2026-01-02T03:04:05.678Z')
    expect(await store.readModels.faults(declared)).toEqual([])
    await store.writer.commit([aChange({ model: { ...numbered, build }, documents })])
    expect(await store.writer.serveBuild({ ...numbered, build })).toBe(true)
    expect(await store.readModels.faults(declared)).toEqual([])
    alter(
      store.store.path,
      `DROP INDEX ${byOwner}; DROP INDEX numbered_v1_b2_by_ledger_label_number`,
    )
    expect(await store.readModels.faults(declared)).toEqual(
      ['index numbered_v1_b2_by_ledger_label_number of numbered_v1_b2'].map(missing),
    )
  })

  it('are those of the version before where it still serves, and none of one that is not known', async () => {
    await using store = await tampered('DROP INDEX tags_v1_by_ledger_id')
    const next = { ...tags, version: 2, previous: tags }
    expect(await store.readModels.faults([tasks, numbered, next])).toEqual(
      ['index tags_v1_by_ledger_id of tags_v1'].map(missing),
    )
    expect(await store.readModels.faults([tasks, numbered])).toEqual([])
  })
})

function missing(what: string): string {
  return `the ${what} is missing`
}

/** Three documents, and SQL run on their file behind the program's back. */
async function tampered(sql: string) {
  const store = await filled(aReadModelFile)
  await store.writer.prepare(numbered)
  await store.writer.commit([aChange({ model: numbered, documents })])
  alter(store.store.path, sql)
  return store
}

function alter(path: string, sql: string): void {
  using database = new DatabaseSync(path, { defensive: false })
  database.exec(sql)
}
