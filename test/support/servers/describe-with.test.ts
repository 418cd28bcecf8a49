import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '#test/support/program.ts'

type Report = {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

const root = join(import.meta.dirname, '../../..')

describe('a suite whose servers are not there', () => {
  it('is skipped, counted, and says why', async () => {
    await using folder = await temporaryFolder()
    const tests = await reportOf('test/support/servers/mongodb.test.ts', folder.path)
    expect(tests.length).toBeGreaterThan(0)
    for (const { status, fullName } of tests) {
      expect(status).toBe('skipped')
      expect(fullName).toMatch(/\(skipped: no mongodb(-process)?: DAYBOOK_TEST_SERVERS=none\)/)
    }
  })
})

async function reportOf(file: string, folder: string) {
  const path = join(folder, 'report.json')
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const { PATH, HOME } = process.env
  await promisify(execFile)(
    process.execPath,
    [vitest, 'run', file, '--reporter=json', `--outputFile=${path}`],
    { cwd: root, env: { PATH, HOME, DAYBOOK_TEST_SERVERS: 'none' } },
  )
  const report: Report = JSON.parse(await readFile(path, 'utf8'))
  return report.testResults.flatMap((result) => result.assertionResults)
}
