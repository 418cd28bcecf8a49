import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { usage } from '#bench/arguments.ts'

const root = join(import.meta.dirname, '../..')
const waitMsMax = 60_000
const folder = mkdtempSync(join(tmpdir(), 'daybook-bench-run-'))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a bench that is ended by a Ctrl-C', () => {
  it('leaves no process and no folder behind, and calls nothing a failure', {
    timeout: 2 * waitMsMax,
  }, async () => {
    const bench = spawn(process.execPath, ['bench/run.ts', 'single'], {
      cwd: root,
      env: {
        ...process.env,
        TMPDIR: folder,
        NODE_COMPILE_CACHE: join(tmpdir(), 'daybook-test-compile-cache'),
        BENCH_SECONDS: '60',
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const errors = text(bench.stderr)
    const ended = once(bench, 'close')
    await until(() => globSync(join(folder, '*/*/read-models.db')).length > 0)
    bench.kill('SIGINT')
    expect(await ended).toEqual([130, null])
    expect(await errors).not.toContain('failed')
    expect(readdirSync(folder)).toEqual([])
    expect(processesIn(folder)).toEqual([])
  })
})

describe('a bench that is asked for help', () => {
  it('names its groups, and exits with 0', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['bench/run.ts', '--help'], {
      cwd: root,
      encoding: 'utf8',
    })
    expect([status, stdout, stderr]).toEqual([0, `${usage}\n`, ''])
  })
})

describe('a bench with a wrong setting', () => {
  it('says so in a sentence, and exits with 2', () => {
    const env = { ...process.env, BENCH_SECONDS: 'x' }
    const { status, stderr } = spawnSync(process.execPath, ['bench/run.ts', 'single'], {
      cwd: root,
      env,
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([
      2,
      'bench: BENCH_SECONDS must be a whole number above 0, not "x"\n',
    ])
  })
})

async function until(isSo: () => boolean): Promise<void> {
  const end = Date.now() + waitMsMax
  while (!isSo()) {
    if (Date.now() > end) throw new Error('it did not come so far')
    await sleep(20)
  }
}

/** Those that have the folder in their environment; on Linux, elsewhere none is found. */
function processesIn(path: string): readonly string[] {
  return globSync('/proc/[0-9]*/environ').filter((file) => {
    try {
      return readFileSync(file, 'utf8').includes(path)
    } catch {
      return false
    }
  })
}
