import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ReadModels, ReadModelShape, ReadModelWriter, Stamp } from '#ports/read-models.ts'
import { aReadModelFile } from '#test/adapters/sqlite/read-models-file.ts'
import {
  aChange,
  aTask,
  at,
  main,
  other,
  tags,
  tasks,
} from '#test/contracts/read-models-examples.ts'

let file: Awaited<ReturnType<typeof aReadModelFile>>
let readModels: ReadModels
let writer: ReadModelWriter

beforeEach(async () => {
  file = await aReadModelFile()
  readModels = await file.openReadModels()
})
afterEach(async () => {
  await readModels[Symbol.asyncDispose]()
  await file[Symbol.asyncDispose]()
})

const both = [tasks, tags]

const program = fileURLToPath(new URL('read-models-process.ts', import.meta.url))

async function stamp(
  ledgerId: string | undefined = main,
  models: readonly ReadModelShape[] = both,
): Promise<Stamp | undefined> {
  return readModels.stamp?.(ledgerId, models)
}

async function openFilled(): Promise<void> {
  writer = await file.openWriter()
  for (const model of both) await writer.prepare(model)
  await writer.commit([aChange({ documents: [aTask('a')] })])
}

const second = { expected: 0n, checkpoint: at(1n) }

describe('the stamp of a ledger', () => {
  beforeEach(openFilled)
  afterEach(() => writer[Symbol.asyncDispose]())

  it('is the same as long as nothing is stored', async () => {
    const before = await stamp()
    expect(before).toEqual(expect.any(String))
    await using view = await readModels.view(main)
    await view.get(tasks, 'a')
    expect(await stamp()).toBe(before)
  })

  it('is another one as soon as another connection has committed', async () => {
    const before = await stamp()
    await writer.commit([aChange({ ...second, documents: [aTask('a', {}, 1n)] })])
    expect(await stamp()).not.toBe(before)
  })

  it('outlasts commits to another ledger, and of a model that was not asked about', async () => {
    const [before, ofTags] = [await stamp(), await stamp(main, [tags])]
    await writer.commit([aChange({ ledgerId: other, documents: [aTask('b')] })])
    expect(await stamp()).toBe(before)
    await writer.commit([aChange(second)])
    expect([await stamp(main, [tags]), (await stamp()) === before]).toEqual([ofTags, false])
  })

  it('is another one where the ledger is parked, and where it goes on', async () => {
    const before = await stamp()
    const parked = { revision: 1n, reason: 'poison' }
    await writer.commit([aChange({ expected: 0n, checkpoint: { ...at(0n), parked } })])
    const standing = await stamp()
    await writer.commit([aChange({ expected: 0n, checkpoint: at(1n) })])
    expect(new Set([before, standing, await stamp()]).size).toBe(3)
  })

  it('is another one where another build serves, though it is as far', async () => {
    const before = await stamp()
    const build = await writer.startBuild(tasks, '2026-01-01T00:00:00.000Z')
    const documents = [aTask('a', { owner: 'made anew' })]
    await writer.commit([aChange({ model: { ...tasks, build }, documents })])
    await writer.serveBuild({ ...tasks, build })
    expect(await stamp()).not.toBe(before)
  })

  it('is another one where the next version of a model takes over', async () => {
    const next: ReadModelShape = { ...tasks, version: 2, previous: tasks }
    const models = [next, tags]
    const before = await stamp(main, models)
    const build = await writer.startBuild(next, '2026-01-01T00:00:00.000Z')
    await writer.commit([aChange({ model: { ...next, build } })])
    expect(before).toEqual(expect.any(String))
    await writer.serveBuild({ ...next, build })
    expect(await stamp(main, models)).not.toBe(before)
  })

  it('is another one where a model is added', async () => {
    const added: ReadModelShape = { ...tags, name: 'labels' }
    const models = [tasks, added]
    const before = await stamp(main, models)
    await writer.prepare(added)
    expect(await stamp(main, models)).not.toBe(before)
  })

  it('is another one where another layout was made of the same file', async () => {
    const before = await stamp()
    await writer[Symbol.asyncDispose]()
    const database = new DatabaseSync(file.path)
    database.exec('PRAGMA user_version = 1')
    database.close()
    await openFilled()
    const after = await stamp()
    expect(after).toEqual(expect.any(String))
    expect(after).not.toBe(before)
  })

  it('sees what another process commits', async () => {
    const before = await stamp(other)
    const projector = spawn(process.execPath, [program, file.path, other, '1'], {
      stdio: 'ignore',
    })
    expect(await once(projector, 'exit')).toEqual([0, null])
    expect(await stamp(other)).not.toBe(before)
  })
})

describe('stamps that are taken while another process commits', () => {
  it('are equal only where all views in between show the same', async () => {
    const projector = spawn(process.execPath, [program, file.path, other, '1000000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await using ending = new AsyncDisposableStack()
    ending.defer(async () => {
      projector.kill('SIGKILL')
      await once(projector, 'exit')
    })
    await once(projector.stdout, 'data')
    const [revisions, stamps] = [new Set<bigint>(), new Set<Stamp>()]
    for (let looks = 0; looks < 2_000; looks += 1) {
      const before = await stamp(other)
      const shown = [await progress(), await progress()]
      if (before === undefined || before !== (await stamp(other))) continue
      expect(new Set(shown).size).toBe(1)
      for (const revision of shown) revisions.add(revision)
      stamps.add(before)
    }
    expect(revisions.size).toBeGreaterThan(1)
    expect(stamps.size).toBe(revisions.size)
  })
})

describe('the stamp of all ledgers', () => {
  beforeEach(openFilled)
  afterEach(() => writer[Symbol.asyncDispose]())

  it('is another one after any commit', async () => {
    const before = await readModels.stamp?.(undefined, both)
    expect(await readModels.stamp?.(undefined, both)).toBe(before)
    await writer.commit([aChange({ ledgerId: other })])
    expect(await readModels.stamp?.(undefined, both)).not.toBe(before)
  })
})

describe('a read-model file', () => {
  it('has no stamp before it is there', async () => {
    expect(await stamp()).toBeUndefined()
    await openFilled()
    expect(await stamp()).toEqual(expect.any(String))
    await writer[Symbol.asyncDispose]()
  })

  it('that was deleted says nothing any more, and made anew what is in it then', async () => {
    await openFilled()
    await writer[Symbol.asyncDispose]()
    const before = await stamp()
    expect(await revisionOf('a')).toBe(0n)
    for (const name of await readdir(file.folder)) await rm(join(file.folder, name))
    expect(await stamp()).toBeUndefined()
    await expect(revisionOf('a')).rejects.toThrow('gone')
    writer = await file.openWriter()
    await writer.prepare(tasks)
    await writer.commit([aChange({ documents: [aTask('b')] })])
    const after = await stamp()
    expect(after).toEqual(expect.any(String))
    expect(after).not.toBe(before)
    expect([await revisionOf('a'), await revisionOf('b')]).toEqual([undefined, 0n])
    await writer[Symbol.asyncDispose]()
  })

  it('that was made anew between two looks is noticed, though it is as far', async () => {
    await openFilled()
    await writer[Symbol.asyncDispose]()
    const before = await stamp()
    for (const name of await readdir(file.folder)) await rm(join(file.folder, name))
    await openFilled()
    await writer[Symbol.asyncDispose]()
    const after = await stamp()
    expect(after).toEqual(expect.any(String))
    expect(after).not.toBe(before)
  })

  it('has no stamp once it is closed', async () => {
    await openFilled()
    await writer[Symbol.asyncDispose]()
    expect(await stamp()).toEqual(expect.any(String))
    await readModels[Symbol.asyncDispose]()
    expect(await stamp()).toBeUndefined()
  })
})

async function progress(): Promise<bigint> {
  await using view = await readModels.view(other)
  return (await view.checkpoint(tasks))?.revision ?? -1n
}

async function revisionOf(id: string): Promise<bigint | undefined> {
  await using view = await readModels.view(main)
  return (await view.get(tasks, id))?.revision
}
