import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

describe('a process whose turns are watched', () => {
  it('says its last words and ends where a loop goes round for ever without waiting', () => {
    expect(run('for (;;) await undefined')).toEqual({ signal: 'SIGKILL', stderr: 'seed 7\n' })
  })

  it('ends by itself where it waits, however long', () => {
    expect(run('await new Promise((done) => setTimeout(done, 1_500))')).toEqual({
      signal: null,
      stderr: '',
    })
  })
})

function run(work: string) {
  const script = `import { watchTurns } from '#test/support/turn-watch.ts'
    watchTurns('seed 7', { beatMs: 50, patienceMs: 1_000 })
    await new Promise((done) => setTimeout(done, 300))
    ${work}`
  const { signal, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module-typescript', '--eval', script],
    { cwd: root, encoding: 'utf8', timeout: 20_000 },
  )
  return { signal, stderr }
}
