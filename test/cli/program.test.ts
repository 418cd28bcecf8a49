import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { refuseOldNode } from '#cli/node-version.ts'
import { subcommands } from '#cli/subcommands.ts'
import { settings } from '#config.ts'
import { daybook } from '#test/cli/daybook.ts'
import { temporaryFolder } from '#test/support/program.ts'

describe('daybook', () => {
  it('shows its commands and every setting with --help', async () => {
    await using folder = await temporaryFolder()
    const { code, stdout } = await daybook(['--help'], { folder: folder.path })
    expect(code).toBe(0)
    for (const name of Object.keys(subcommands)) expect(stdout).toContain(`\n  ${name} `)
    for (const { name } of settings) expect(stdout).toContain(`\n  ${name} `)
    expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([])
  })

  it('shows the same and exits 2 when nothing is asked', async () => {
    await using folder = await temporaryFolder()
    const { code, stdout } = await daybook([], { folder: folder.path })
    expect([code, stdout.includes('Usage: daybook <command>')]).toEqual([2, true])
  })

  it('tells its version', async () => {
    await using folder = await temporaryFolder()
    const { code, stdout } = await daybook(['--version'], { folder: folder.path })
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)])
  })

  it.each(Object.keys(subcommands))('has help of %s', async (name) => {
    await using folder = await temporaryFolder()
    const { code, stdout } = await daybook([name, '--help'], { folder: folder.path })
    expect([code, stdout.includes(`Usage: daybook ${name}`)]).toEqual([0, true])
  })
})

describe('wrong arguments', () => {
  it.each([
    [['imprt', 'x'], 'daybook: there is no command imprt: is import meant?\n'],
    [['--verbose'], 'daybook: there is no option --verbose: see daybook --help.\n'],
    [
      ['import', 'x', '--ledgr', 'y'],
      'daybook import: there is no option --ledgr: is --ledger meant?\n',
    ],
    [['import', 'x', '--ledger'], 'daybook import: --ledger needs a value: --ledger LEDGER.\n'],
    [
      ['import', 'x', '--ledger', '--dry-run'],
      'daybook import: --ledger needs a value: --ledger LEDGER.\n',
    ],
    [['import', 'x', '--dry-run=yes'], 'daybook import: --dry-run takes no value.\n'],
    [['import', 'x', '--batch', '1', '--batch', '2'], 'daybook import: --batch is given twice.\n'],
    [['import'], 'daybook import: FILE is missing.\n'],
    [['start', 'now'], 'daybook start: "now" is one argument too many.\n'],
    [
      ['replay', '--ledger', 'UPPER'],
      'daybook replay: --ledger is a ledgerId: lower-case letters, digits and hyphens.\n',
    ],
  ])('%j is answered with one sentence and exit code 2', async (given, sentence) => {
    await using folder = await temporaryFolder()
    const { code, stderr, stdout } = await daybook(given, { folder: folder.path })
    expect({ code, stderr, stdout }).toEqual({ code: 2, stderr: sentence, stdout: '' })
  })
})

describe('wrong settings', () => {
  it('are all told at once', async () => {
    await using folder = await temporaryFolder()
    const { code, stderr } = await daybook(['start'], {
      folder: folder.path,
      settings: { DAYBOOK_PORT: 'http', DAYBOOK_FEED: 'kafka:k', DAYBOOK_DATE: 'x' },
    })
    expect(code).toBe(2)
    expect(stderr.trimEnd().split('\n')).toEqual([
      'daybook start: DAYBOOK_PORT must be a whole number from 0 to 65535, not "http".',
      'daybook start: DAYBOOK_FEED must be log or kafka://HOST:PORT,….',
      'daybook start: DAYBOOK_DATE is not a setting: is DAYBOOK_DATA meant?',
    ])
  })

  it('are read from .env too, which the environment overrules', async () => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, '.env'), 'DAYBOOK_LOG_LEVEL=loud\nDAYBOOK_PORT=http\n')
    const { code, stderr } = await daybook(['start'], { folder: folder.path })
    expect(code).toBe(2)
    expect(stderr).toMatch(/^daybook start: DAYBOOK_LOG_LEVEL must be .*\n$/)
  })
})

describe('an old Node', () => {
  it.each(['18.20.8', '22.18.0', '24.14.1'])('%s is refused', (version) => {
    expect(() => refuseOldNode(version)).toThrow(
      `Node 24.15 or newer is needed, this is ${version}`,
    )
  })

  it.each(['24.15.0', '25.0.0', '30.1.2'])('%s is not old', (version) => {
    expect(() => refuseOldNode(version)).not.toThrow()
  })
})
