import { once } from 'node:events'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { daybook, ndjson, openingRows, spawnDaybook } from '#test/cli/daybook.ts'
import { temporaryFolder } from '#test/support/program.ts'

describe('an import that a signal ends', () => {
  it.each([
    ['SIGTERM', []],
    ['SIGINT', ['--dry-run']],
  ] as const)('leaves no copies behind: %s %j', async (signal, options) => {
    await using folder = await temporaryFolder()
    await daybook(['import', '-'], { folder: folder.path, input: ndjson(openingRows) })
    const temporary = join(folder.path, 'tmp')
    await mkdir(temporary)
    const settings = { TMPDIR: temporary }
    const child = spawnDaybook(['import', '-', ...options], { folder: folder.path, settings })
    const exited = once(child, 'exit')
    child.stdin?.write(ndjson([{ command: 'RegisterAsset', ledgerId: 'acme', asset: 'USD/2' }]))
    await expect.poll(() => readdir(temporary), { timeout: 20_000 }).not.toEqual([])
    child.kill(signal)
    expect(await exited).toEqual([null, signal])
    expect(await readdir(temporary)).toEqual([])
  })
})
