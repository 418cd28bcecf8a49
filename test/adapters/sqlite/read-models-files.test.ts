import { existsSync } from 'node:fs'
import { readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { ReadModelsUnavailable } from '#ports/read-models.ts'
import { aReadModelFile } from '#test/adapters/sqlite/read-models-file.ts'
import { aChange, aTask, at, filled, main, tasks } from '#test/contracts/read-models-examples.ts'

/** A file with one document, closed. */
async function aStoredFile() {
  const file = await aReadModelFile()
  await using writer = await file.openWriter()
  await writer.prepare(tasks)
  await writer.commit([aChange({ documents: [aTask('a')] })])
  return file
}

describe('the read-model file', () => {
  it('is readable by its owner alone, with all that lies beside it', async () => {
    await using file = await aReadModelFile()
    await using store = await filled(async () => file, [aTask('a')])
    await using view = await store.readModels.view(main)
    await view.get(tasks, 'a')
    const names = await readdir(file.folder)
    expect(names.toSorted()).toEqual(['read-models.db', 'read-models.db-shm', 'read-models.db-wal'])
    for (const name of names) expect((await stat(join(file.folder, name))).mode & 0o777).toBe(0o600)
  })

  it('is not made by reading', async () => {
    await using file = await aReadModelFile()
    await using readModels = await file.openReadModels()
    await using view = await readModels.view(main)
    await view.checkpoint(tasks)
    expect(existsSync(file.path)).toBe(false)
  })

  it('keeps its content when it is closed and opened again', async () => {
    await using file = await aStoredFile()
    await using readModels = await file.openReadModels()
    await using view = await readModels.view(main)
    expect(await view.checkpoint(tasks)).toEqual(at(0n))
    expect(await view.get(tasks, 'a')).toEqual(aTask('a'))
  })

  it('is made anew where it was deleted, whatever was left beside it', async () => {
    await using file = await aStoredFile()
    await rm(file.path)
    await writeFile(`${file.path}-wal`, 'what a crash left')
    await writeFile(`${file.path}-shm`, 'what a crash left')
    await using store = await filled(async () => file)
    expect(await store.writer.checkpoint(tasks, main)).toBeUndefined()
    expect(await store.writer.commit([aChange({ documents: [aTask('b')] })])).toBe(true)
    expect(await store.find({})).toEqual([aTask('b')])
  })

  it('is said to be gone to who has read it, until it is made anew', async () => {
    await using file = await aStoredFile()
    await using readModels = await file.openReadModels()
    await readModels.check()
    await rm(file.path)
    await expect(readModels.check()).rejects.toThrow(ReadModelsUnavailable)
    await expect(readModels.view(main)).rejects.toThrow('gone')
    await using _ = await file.openWriter()
    await readModels.check()
    await using view = await readModels.view(main)
    expect(await view.checkpoint(tasks)).toBeUndefined()
  })

  it('is made anew where its layout is another, while others read', async () => {
    await using file = await aStoredFile()
    await using readModels = await file.openReadModels()
    await readModels.check()
    alter(file.path, 'PRAGMA user_version = 999; CREATE TABLE of_that_layout (id)')
    await using before = await readModels.view(main)
    expect(await before.checkpoint(tasks)).toBeUndefined()
    expect(await before.get(tasks, 'a')).toBeUndefined()
    await using writer = await file.openWriter()
    expect(await writer.checkpoint(tasks, main)).toBeUndefined()
    await writer.prepare(tasks)
    await writer.commit([aChange({ documents: [aTask('b')] })])
    await using after = await readModels.view(main)
    expect(await after.get(tasks, 'a')).toBeUndefined()
    expect(await after.get(tasks, 'b')).toEqual(aTask('b'))
  })

  it('is left alone where it is a database of something else', async () => {
    await using file = await aReadModelFile()
    alter(file.path, 'CREATE TABLE theirs (value)')
    await expect(file.openWriter()).rejects.toThrow(ReadModelsUnavailable)
    await using readModels = await file.openReadModels()
    await expect(readModels.check()).rejects.toThrow('something else')
  })

  it('is said to be damaged where it is no database', async () => {
    await using file = await aReadModelFile()
    await writeFile(file.path, 'not a database '.repeat(1_000))
    await expect(file.openWriter()).rejects.toThrow(/damaged.*delete it/)
    await using readModels = await file.openReadModels()
    await expect(readModels.check()).rejects.toThrow(ReadModelsUnavailable)
  })

  it('is said to be damaged where its schema has another name', async () => {
    await using file = await aStoredFile()
    alter(file.path, 'ALTER TABLE tasks_v1 RENAME COLUMN checksum TO chmcksum')
    await using readModels = await file.openReadModels()
    await using view = await readModels.view(main)
    await expect(view.get(tasks, 'a')).rejects.toThrow(/file is damaged: stop, delete it/)
    await using writer = await file.openWriter()
    await expect(writer.load(tasks, main, ['a'])).rejects.toThrow(
      /file is damaged: stop, delete it/,
    )
  })

  it('is not said to be damaged where another release has made it anew under a writer', async () => {
    await using file = await aStoredFile()
    await using writer = await file.openWriter()
    await writer.load(tasks, main, ['a'])
    alter(file.path, 'ALTER TABLE tasks_v1 RENAME TO tasks_v2; PRAGMA user_version = 99')
    const loading = writer.load(tasks, main, ['a'])
    await expect(loading).rejects.toThrow(/another release has made the read models anew/)
    await expect(loading).rejects.not.toBeInstanceOf(ReadModelsUnavailable)
  })

  it('is said to be damaged where a document is not what was written', async () => {
    await using file = await aStoredFile()
    alter(file.path, 'UPDATE tasks_v1 SET document = substr(document, 2)')
    await using readModels = await file.openReadModels()
    await using view = await readModels.view(main)
    await expect(view.get(tasks, 'a')).rejects.toThrow(ReadModelsUnavailable)
    await expect(view.get(tasks, 'a')).rejects.toThrow(
      'document a of ledger acme-main in tasks is damaged: rebuild tasks',
    )
  })
})

describe('a collection', () => {
  it('cannot change its fields without a new version', async () => {
    await using file = await aStoredFile()
    await using writer = await file.openWriter()
    const changed = { ...tasks, fields: { ...tasks.fields, colour: 'text' as const } }
    await expect(writer.prepare(changed)).rejects.toThrow('tasks v1 was made with other fields')
    await expect(writer.prepare({ ...changed, version: 2 })).resolves.toBeUndefined()
  })

  it('is not read before the index asked of it is there', async () => {
    await using file = await aStoredFile()
    await using readModels = await file.openReadModels()
    const indexed = { ...tasks, indexes: [...tasks.indexes, ['due']] }
    const find = { where: [], orderBy: ['due'], limit: 1 }
    await using before = await readModels.view(main)
    await expect(before.find(indexed, find)).rejects.toThrow(ReadModelsUnavailable)
    await expect(before.find(indexed, find)).rejects.toThrow(' no index tasks_v1_by_ledger_due_id:')
    await using writer = await file.openWriter()
    await writer.prepare(indexed)
    await using after = await readModels.view(main)
    expect(await after.find(indexed, find)).toEqual([aTask('a')])
  })

  it('is named, or its index is, where somebody took that away while it serves', async () => {
    await using file = await aStoredFile()
    await using readModels = await file.openReadModels()
    alter(file.path, 'DROP INDEX tasks_v1_by_ledger_number_id')
    await using before = await readModels.view(main)
    const index = 'tasks has no index tasks_v1_by_ledger_number_id: it is being made, or was taken'
    await expect(before.get(tasks, 'a')).rejects.toThrow(index)
    alter(file.path, 'DROP TABLE tasks_v1')
    await using after = await readModels.view(main)
    await expect(after.get(tasks, 'a')).rejects.toThrow('tasks has no table tasks_v1: it is being')
  })

  it.each(['Tasks', 'tasks"; DROP TABLE feeds; --', 'tasks v1', ''])(
    'is not made for the name %o',
    async (name) => {
      await using store = await filled(aReadModelFile)
      await expect(store.writer.prepare({ ...tasks, name })).rejects.toThrow('no name')
    },
  )

  it('takes no value that its field cannot hold', async () => {
    await using store = await filled(aReadModelFile)
    for (const number of ['9223372036854775808', '1.5', '', 7]) {
      const documents = [aTask('good', { number: '1' }), aTask('bad', { number })]
      await expect(store.writer.commit([aChange({ documents })])).rejects.toThrow('number')
    }
    expect(await store.writer.checkpoint(tasks, main)).toBeUndefined()
    expect(await store.writer.load(tasks, main, ['good', 'bad'])).toEqual([])
  })
})

/** Runs SQL on the file as something else would. */
function alter(path: string, sql: string): void {
  using database = new DatabaseSync(path)
  database.exec(sql)
}
