import { spawnSync } from 'node:child_process'
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { runProgram, startProgram, temporaryFolder } from '#test/support/program.ts'

type How = 'stopped' | 'killed'

/** A data folder with some events, on a disk that takes no writes; undefined where none can be mounted. */
async function readOnlyFolder(how: How, change: (data: string) => Promise<void> = async () => {}) {
  await using making = new AsyncDisposableStack()
  const folder = making.use(await temporaryFolder())
  await using program = await startProgram(folder.path)
  using api = new ApiClient(program.url)
  const load = new Load(['shop'])
  await load.prepare(api)
  await (how === 'stopped' ? program.stop() : program.kill())
  const data = join(folder.path, 'data')
  await change(data)
  const seen = join(folder.path, 'seen')
  await mkdir(join(seen, 'data'), { recursive: true })
  if (!mount('--bind', data, join(seen, 'data'))) return undefined
  making.defer(() => void spawnSync('umount', ['-l', join(seen, 'data')]))
  if (!mount('-o', 'remount,bind,ro', join(seen, 'data'))) return undefined
  const made = making.move()
  return { path: seen, outside: folder.path, [Symbol.asyncDispose]: () => made.disposeAsync() }
}

/** The same on a disk that was writable and turned read-only by an error, its program stopped or killed before. */
async function failedDisk(how: How) {
  await using making = new AsyncDisposableStack()
  const folder = making.use(await temporaryFolder())
  const image = join(folder.path, 'image')
  const disk = join(folder.path, 'disk')
  await mkdir(disk)
  await writeFile(image, '')
  await truncate(image, diskMiB * 1024 * 1024)
  if (spawnSync('mkfs.ext4', ['-q', image]).status !== 0) return undefined
  if (!mount('-o', 'loop', image, disk)) return undefined
  making.defer(() => void spawnSync('umount', ['-l', disk]))
  await using program = await startProgram(disk)
  using api = new ApiClient(program.url)
  await new Load(['shop']).prepare(api)
  await (how === 'stopped' ? program.stop() : program.kill())
  if (!mount('-o', 'remount,abort', disk)) return undefined
  const made = making.move()
  return { path: disk, outside: folder.path, [Symbol.asyncDispose]: () => made.disposeAsync() }
}

const diskMiB = 32

function mount(...given: readonly string[]): boolean {
  return spawnSync('mount', given).status === 0
}

const whyNot = 'only root can mount a folder read-only'

describe('a data folder on a read-only disk', () => {
  it.for<[string, How, (shm: string) => Promise<void>]>([
    ['stopped', 'stopped', async () => {}],
    ['killed', 'killed', async () => {}],
    ['killed, and the index of its write-ahead log empty', 'killed', (shm) => truncate(shm)],
  ])(
    'is read by the tools, its program %s',
    { timeout: 60_000 },
    async ([, how, change], { skip }) => {
      await using folder = await readOnlyFolder(how, (data) => change(join(data, 'log.db-shm')))
      if (folder === undefined) return skip(whyNot)
      const { path, outside } = folder
      const audit = await runProgram(['verify-books'], path)
      expect(audit).toMatchObject({ code: 0, output: expect.stringContaining('findings 0') })
      const replay = await runProgram(['replay', '--ledger', 'shop'], path)
      expect(replay).toMatchObject({ code: 0, output: expect.stringContaining('a:1') })
      const copy = join(outside, 'copy', 'data')
      expect(await runProgram(['backup', copy], path)).toMatchObject({ code: 0 })
      const events = await runProgram(['export'], path)
      for (const place of [join(outside, 'copy'), outside])
        expect(await runProgram(['export'], place)).toEqual(events)
    },
  )

  it('is refused in one sentence where SQLite would have to write', {
    timeout: 60_000,
  }, async ({ skip }) => {
    await using folder = await readOnlyFolder('killed', (data) => rm(join(data, 'log.db-shm')))
    if (folder === undefined) return skip(whyNot)
    const { code, output } = await runProgram(['verify-books'], folder.path)
    expect(code).toBe(1)
    expect(output).toMatch(/log\.db was not closed, and its folder is read-only: copy the folder/)
    expect(output.trim().split('\n')).toHaveLength(1)
  })

  it('is refused by the program in one sentence', { timeout: 60_000 }, async ({ skip }) => {
    await using folder = await readOnlyFolder('stopped')
    if (folder === undefined) return skip(whyNot)
    await expect(startProgram(folder.path)).rejects.toThrow(/The data folder .* is read-only\./)
  })
})

describe('a data folder on a disk that an error made read-only', () => {
  it.for<How>(['stopped', 'killed'])(
    'is read by the tools, its program %s, and refused by the program',
    { timeout: 60_000 },
    async (how, { skip }) => {
      await using folder = await failedDisk(how)
      if (folder === undefined) return skip('only root can mount a disk that fails')
      const { path, outside } = folder
      const copy = join(outside, 'copy', 'data')
      const audit = await runProgram(['verify-books'], path)
      expect(audit).toMatchObject({ code: 0, output: expect.stringContaining('findings 0') })
      const replay = await runProgram(['replay', '--ledger', 'shop'], path)
      expect(replay).toMatchObject({ code: 0, output: expect.stringContaining('a:1') })
      expect(await runProgram(['backup', copy], path)).toMatchObject({ code: 0 })
      const events = await runProgram(['export'], path)
      expect(await runProgram(['export'], join(outside, 'copy'))).toEqual(events)
      await expect(startProgram(path)).rejects.toThrow(/The data folder .* is read-only\./)
    },
  )
})
