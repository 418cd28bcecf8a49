import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { everythingSeen, writtenBefore } from '#test/faults/damaged-log.ts'
import { usually } from '#test/support/long-runs.ts'
import { runProgram, runProgramUnder, temporaryFolder } from '#test/support/program.ts'
import { canTrace, whyNotTraced } from '#test/support/strace.ts'

/** What a backup does to its own files; others' names are not known before. */
const calls = 'pwrite64,fsync,fdatasync,link,fchmod'
const points = usually([1, 3, 9, 27], { long: Array.from({ length: 120 }, (_, at) => at + 1) })

it(`kill of a backup at any durable step leaves no copy, or a whole one: ${points.length} points`, {
  timeout: 600_000,
}, async ({ skip }) => {
  skip(!canTrace, whyNotTraced)
  await using folder = await temporaryFolder()
  await writtenBefore(folder.path, ['kept'], 50)
  const whole = await everythingSeen(join(folder.path, 'data'), ['ledger-kept'])
  expect(whole.refusals).toEqual([])
  let kills = 0
  for (const point of points) {
    const to = join(folder.path, `backup-${point}`)
    const tracing = ['strace', '-D', '-f', '--quiet=all', '--output=/dev/null']
    const under = [...tracing, `--trace=${calls}`, `--inject=${calls}:signal=KILL:when=${point}`]
    const { signal } = await runProgramUnder(under, ['backup', to], folder.path)
    if (signal === 'SIGKILL') kills += 1
    if (!existsSync(join(to, 'log.db')))
      expect((await runProgram(['backup', to], folder.path)).code).toBe(0)
    expect(await everythingSeen(to, ['ledger-kept'])).toEqual(whole)
  }
  expect(kills).toBeGreaterThan(2)
  expect(await everythingSeen(join(folder.path, 'data'), ['ledger-kept'])).toEqual(whole)
})
