import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { daybook } from '#test/cli/daybook.ts'
import { temporaryFolder } from '#test/support/program.ts'

const main = join(import.meta.dirname, '../../src/main.ts')

/** A start of the program that may open so many files. */
function startWithHandles(count: number, folder: string): SpawnSyncReturns<string> {
  const limited = `ulimit -n ${count} && exec "$0" "$@"`
  return spawnSync('sh', ['-c', limited, process.execPath, main, 'start'], {
    env: { DAYBOOK_DATA: join(folder, 'data'), DAYBOOK_PORT: '0' },
    encoding: 'utf8',
    timeout: 30_000,
  })
}

describe('a start', () => {
  it.for([
    ['log.db', 'makes its log', 4],
    ['log.db', 'makes what is shared of it', 16],
    ['log.db', 'gives it its tables', 40],
    ['read-models.db', 'makes its read models', 80],
  ] as const)(
    'on a full disk names %s and what to do, where it %s',
    async ([name, , kib], { skip }) => {
      await using folder = await temporaryFolder()
      const disk = join(folder.path, 'disk')
      await mkdir(disk)
      const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', disk])
      if (status !== 0) return skip('only root can mount a small disk')
      await using mounted = new AsyncDisposableStack()
      mounted.defer(() => void spawnSync('umount', ['-l', disk]))
      const file = join(disk, 'data', name)
      const { code, stdout, stderr } = await daybook(['start'], { folder: disk })
      expect({ code, stdout, stderr }).toEqual({
        code: 1,
        stdout: '',
        stderr: `daybook start: ${file} cannot be used: its disk is full. Free some space.\n`,
      })
    },
  )

  // Which file it is that comes too late differs with the version of Node.
  it.skipIf(process.platform !== 'linux')(
    'with too few file handles says so, what it could not open, and what to do',
    async () => {
      const named: string[] = []
      for (const count of [26, 28, 30, 32, 34, 36, 38]) {
        await using folder = await temporaryFolder()
        const { status, stderr } = startWithHandles(count, folder.path)
        const [last = ''] = stderr.trimEnd().split('\n').slice(-1)
        expect({ count, status, last }).toMatchObject({ count, status: 1 })
        expect(last).toMatch(
          /^daybook start: .*this process may open no more files\. Allow it more \(ulimit -n\)\./,
        )
        if (last.includes(join(folder.path, 'data'))) named.push(last)
      }
      expect(named).not.toEqual([])
    },
    120_000,
  )
})
