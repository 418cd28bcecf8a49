import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync, readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, describe, it } from 'vitest'
import { daybook, deposit, ndjson, openingRows } from '#test/cli/daybook.ts'
import { runProgramUnder, temporaryFolder } from '#test/support/program.ts'
import { canTrace, whyNotTraced } from '#test/support/strace.ts'

const main = join(import.meta.dirname, '../../src/main.ts')

describe('daybook export --output', () => {
  it.each([
    ['a file', (path: string) => writeFile(path, 'mine')],
    ['a folder', (path: string) => mkdir(path)],
    ['a link that leads nowhere', (path: string) => symlink('nowhere', path)],
  ])('refuses %s that is there', async (kind, make) => {
    await using folder = await booked()
    const path = join(folder.path, 'out')
    await make(path)
    const before = await readdir(folder.path)
    const { code, stderr } = await daybook(['export', '--output', path], { folder: folder.path })
    expect([code, stderr]).toEqual([1, `daybook export: ${path} is there already.\n`])
    expect(await readdir(folder.path)).toEqual(before)
    if (kind === 'a file') expect(await readFile(path, 'utf8')).toBe('mine')
  })

  it('says so where the folder is not there', async () => {
    await using folder = await booked()
    const given = ['export', '--output', 'no/out']
    const { code, stderr } = await daybook(given, { folder: folder.path })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^daybook export: no\/out cannot be written: ENOENT: .*\n$/)
  })

  it('is one of two at once, whole, and a refusal', async () => {
    await using folder = await booked(500)
    const given = ['export', '--output', 'out']
    const both = await Promise.all([given, given].map((each) => daybook(each, folderOf(folder))))
    expect(new Set(both.map(({ code }) => code))).toEqual(new Set([0, 1]))
    expect(both.map(({ stderr }) => stderr).join('')).toBe(
      'daybook export: out is there already.\n',
    )
    expect(await readFile(join(folder.path, 'out'), 'utf8')).toBe(await exported(folder))
    expect((await readdir(folder.path)).toSorted()).toEqual(['data', 'out'])
  })

  it('is no file where it is killed before it is whole', async ({ skip }) => {
    skip(!canTrace, whyNotTraced)
    await using folder = await booked()
    const under = tracing('link', 'signal=KILL')
    const killed = await runProgramUnder(under, ['export', '--output', out(folder)], folder.path)
    expect(killed.signal).toBe('SIGKILL')
    expect(existsSync(out(folder))).toBe(false)
    const { code } = await daybook(['export', '--output', out(folder)], folderOf(folder))
    expect([code, await readFile(out(folder), 'utf8')]).toEqual([0, await exported(folder)])
  })

  it('leaves nothing where a signal ends it', async ({ skip }) => {
    skip(!canTrace, whyNotTraced)
    await using folder = await booked()
    const under = tracing('link', 'delay_enter=4000000')
    const child = spawn(
      under[0] ?? '',
      [...under.slice(1), ...program('export', '--output', 'out')],
      {
        cwd: folder.path,
        env: settings(folder),
      },
    )
    const exited = once(child, 'exit')
    const unfinished = async () =>
      (await readdir(folder.path)).some((name) => name.startsWith('out.'))
    while (!(await unfinished())) await sleep(20)
    child.kill('SIGTERM')
    expect(await exited).toEqual([null, 'SIGTERM'])
    expect(await readdir(folder.path)).toEqual(['data'])
  })

  it('leaves nothing where the disk is full', async ({ skip }) => {
    skip(!canTrace, whyNotTraced)
    await using folder = await booked()
    const under = tracing('fsync', 'error=ENOSPC')
    const { code, output } = await runProgramUnder(
      under,
      ['export', '--output', out(folder)],
      folder.path,
    )
    expect(code).toBe(1)
    expect(output).toMatch(/^daybook export: .*\/out cannot be written: ENOSPC: no space left/)
    expect(await readdir(folder.path)).toEqual(['data'])
  })

  it('is made where the disk knows no links', async ({ skip }) => {
    skip(!canTrace, whyNotTraced)
    await using folder = await booked()
    const given = ['export', '--output', out(folder)]
    const ran = await runProgramUnder(tracing('link', 'error=EPERM'), given, folder.path)
    expect([ran.code, ran.output]).toEqual([0, ''])
    expect(await readFile(out(folder), 'utf8')).toBe(await exported(folder))
    expect((await readdir(folder.path)).toSorted()).toEqual(['data', 'out'])
  })

  it.each(['-', '/proc/self/fd/1'])('writes to standard output for %s', async (path) => {
    await using folder = await booked()
    const { code, stdout } = await daybook(['export', '--output', path], folderOf(folder))
    expect([code, stdout]).toEqual([0, await exported(folder)])
    const file = join(folder.path, 'appended')
    await writeFile(file, 'before\n')
    const child = spawn(process.execPath, program('export', '--output', path).slice(1), {
      cwd: folder.path,
      env: settings(folder),
      stdio: ['ignore', openSync(file, 'a'), 'inherit'],
    })
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(readFileSync(file, 'utf8')).toBe(`before\n${stdout}`)
    expect(await readdir(folder.path)).not.toContain('-')
  })

  it('writes into a pipe, and stays a pipe', async () => {
    await using folder = await booked()
    const pipe = join(folder.path, 'pipe')
    spawnSync('mkfifo', [pipe])
    const reader = spawn('cat', [pipe])
    const [read, { code }] = await Promise.all([
      text(reader.stdout),
      daybook(['export', '--output', pipe], folderOf(folder)),
    ])
    expect([code, read]).toEqual([0, await exported(folder)])
    expect((await readdir(folder.path)).toSorted()).toEqual(['data', 'pipe'])
  })

  it('writes into a device, and tells what that says', async () => {
    await using folder = await booked()
    const { code, stderr } = await daybook(['export', '--output', '/dev/full'], folderOf(folder))
    expect(code).toBe(1)
    expect(stderr).toMatch(/^daybook export: \/dev\/full cannot be written: ENOSPC: .*\n$/)
  })
})

type Folder = { readonly path: string }

async function booked(more = 0): Promise<AsyncDisposable & Folder> {
  const folder = await temporaryFolder()
  const rows = [...openingRows, ...Array.from({ length: 1 + more }, () => deposit('1'))]
  const input = ndjson(rows)
  const { stderr } = await daybook(['import', '-'], { folder: folder.path, input })
  expect(stderr).toBe('')
  return folder
}

async function exported(folder: Folder): Promise<string> {
  return (await daybook(['export'], folderOf(folder))).stdout
}

function folderOf({ path }: Folder) {
  return { folder: path }
}

function out({ path }: Folder): string {
  return join(path, 'out')
}

function program(...given: readonly string[]): readonly string[] {
  return [process.execPath, main, ...given]
}

function settings({ path }: Folder) {
  return { PATH: process.env['PATH'], DAYBOOK_DATA: join(path, 'data') }
}

/** The command under which the program's first such call finds that fault. */
function tracing(call: string, fault: string): readonly string[] {
  const quiet = ['-D', '-f', '--quiet=all', '--output=/dev/null']
  return ['strace', ...quiet, `--trace=${call}`, `--inject=${call}:${fault}`]
}
