import { spawnSync } from 'node:child_process'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { secretInFile } from '#adapters/system/secret-file.ts'
import { temporaryFolder } from '#test/support/program.ts'

describe('a secret in a file', () => {
  it('is made once, for its owner alone', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'data', 'cursor.secret')
    const made = await secretInFile(path)
    expect(made).toMatch(/^[\w-]{43}$/)
    expect(await secretInFile(path)).toBe(made)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('is the same for all that make it at once', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'cursor.secret')
    const secrets = await Promise.all(Array.from({ length: 20 }, () => secretInFile(path)))
    expect(new Set(secrets).size).toBe(1)
  })

  it('is taken as it is found', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'cursor.secret')
    await writeFile(path, 'chosen by an operator\n')
    expect(await secretInFile(path)).toBe('chosen by an operator')
    expect(await readFile(path, 'utf8')).toBe('chosen by an operator\n')
  })

  it('is not replaced where the file is empty', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'cursor.secret')
    await writeFile(path, '')
    await expect(secretInFile(path)).rejects.toMatchObject({
      name: 'SecretUnusable',
      message: `${path} is empty: remove the file, and start again.`,
    })
  })

  it('is named where it cannot be read', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'cursor.secret')
    await mkdir(path)
    await expect(secretInFile(path)).rejects.toThrow(`${path} cannot be read: EISDIR`)
  })

  it('is named where its disk is full, with what to do', async ({ skip }) => {
    await using folder = await temporaryFolder()
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', folder.path])
    if (status !== 0) return skip('only root can mount a small disk')
    await using mounted = new AsyncDisposableStack()
    mounted.defer(() => void spawnSync('umount', ['-l', folder.path]))
    await writeFile(join(folder.path, 'ballast'), Buffer.alloc(4096))
    const path = join(folder.path, 'cursor.secret')
    await expect(secretInFile(path)).rejects.toThrow(
      `${path} cannot be made: its disk is full. Free some space.`,
    )
    await expect(stat(path)).rejects.toThrow('ENOENT')
  })
})
