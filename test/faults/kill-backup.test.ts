import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { everythingSeen, writtenBefore } from '#test/faults/damaged-log.ts'
import { usually } from '#test/support/long-runs.ts'
import { runProgram, runProgramUnder, temporaryFolder } from '#test/support/program.ts'
import { canTrace, whyNotTraced } from '#test/support/strace.ts'

/**
 * The nth call of a kind in one thread, on any file: the names of a backup's own are not known before. Each kind for itself:
 * what SQLite writes beside the log that is read would come before all others.
 */
const points = usually(['fchmod:1', 'fchmod:2', 'fsync:2', 'fsync:4', 'link:1', 'unlink:3'], {
  long: [
    ...upTo(3).map((nth) => `fchmod:${nth}`),
    ...upTo(12).map((nth) => `fsync:${nth}`),
    ...upTo(2).map((nth) => `link:${nth}`),
    ...upTo(12).map((nth) => `unlink:${nth}`),
    ...upTo(60).map((nth) => `pwrite64:${nth}`),
  ],
})

it(`kill of a backup at any durable step leaves no copy, or a whole one: ${points.length} points`, {
  timeout: 600_000,
}, async ({ skip }) => {
  skip(!canTrace, whyNotTraced)
  await using folder = await temporaryFolder()
  await writtenBefore(folder.path, ['kept'], 50)
  const whole = await everythingSeen(join(folder.path, 'data'), ['ledger-kept'])
  expect(whole.refusals).toEqual([])
  let halves = 0
  for (const point of points) {
    const to = join(folder.path, `backup-${point.replace(':', '-')}`)
    await runProgramUnder(killingAt(point), ['backup', to], folder.path)
    if (isBegun(to)) halves += 1
    const isWhole = existsSync(join(to, 'log.db'))
    const { code, output } = await runProgram(['backup', to], folder.path)
    expect([code, output]).toEqual(
      isWhole
        ? [1, `daybook backup: ${to}/log.db is there already.\n`]
        : [0, expect.stringMatching(/^backed up to /)],
    )
    expect(readdirSync(to).filter((name) => name !== 'cursor.secret')).toEqual(['log.db'])
    expect(await everythingSeen(to, ['ledger-kept'])).toEqual(whole)
  }
  expect(halves).toBeGreaterThan(2)
  expect(await everythingSeen(join(folder.path, 'data'), ['ledger-kept'])).toEqual(whole)
})

it('a backup to where another process makes one is refused, and the other is whole', {
  timeout: 60_000,
}, async ({ skip }) => {
  skip(!canTrace, whyNotTraced)
  await using folder = await temporaryFolder()
  await writtenBefore(folder.path, ['kept'], 50)
  const to = join(folder.path, 'backup')
  const tracing = ['strace', '-D', '-f', '--quiet=all', '--output=/dev/null']
  const under = [...tracing, '--trace=link', '--inject=link:delay_enter=4000000']
  const first = runProgramUnder(under, ['backup', to], folder.path)
  while (!isBegun(to)) await sleep(20)
  const second = await runProgram(['backup', to], folder.path)
  expect([second.code, second.output]).toEqual([
    1,
    `daybook backup: another backup to ${to}/log.db is being made.\n`,
  ])
  expect((await first).code).toBe(0)
  const whole = await everythingSeen(join(folder.path, 'data'), ['ledger-kept'])
  expect(await everythingSeen(to, ['ledger-kept'])).toEqual(whole)
})

function killingAt(point: string): readonly string[] {
  const [call, nth] = point.split(':')
  const tracing = ['strace', '-D', '-f', '--quiet=all', '--output=/dev/null']
  return [...tracing, `--trace=${call}`, `--inject=${call}:signal=KILL:when=${nth}`]
}

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => at + 1)
}

function isBegun(to: string): boolean {
  return existsSync(to) && readdirSync(to).some((name) => name.endsWith('.unfinished'))
}
