import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { daybook, deposit, ndjson, openingRows, spawnDaybook } from '#test/cli/daybook.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'

describe('daybook export', () => {
  it('writes the events in the order of the log, as they are stored', async () => {
    await using folder = await booked()
    const { code, stdout } = await daybook(['export'], { folder: folder.path })
    const events = linesOf(stdout)
    expect(code).toBe(0)
    expect(events.map(({ ledgerId, revision }) => `${ledgerId} ${revision}`)).toEqual([
      'acme 0',
      'acme 1',
      'acme 2',
      'acme 3',
      'acme 4',
      'other 0',
    ])
    for (const line of stdout.trimEnd().split('\n')) expect(line).toMatch(/^\{"actor":/)
  })

  it('writes a part of them, also into a file', async () => {
    await using folder = await booked()
    const types = ['--types', 'AccountOpened,TransactionPosted']
    const options = ['--ledger', 'acme', '--from', '2', ...types, '--output', 'part.ndjson']
    const { code, stdout } = await daybook(['export', ...options], { folder: folder.path })
    expect([code, stdout]).toEqual([0, ''])
    const part = linesOf(await readFile(join(folder.path, 'part.ndjson'), 'utf8'))
    expect(part.map(({ revision }) => revision)).toEqual(['2', '3', '4'])
  })

  it('ends quietly when nobody reads on', async () => {
    await using folder = await booked(2000)
    const child = spawnDaybook(['export'], { folder: folder.path })
    child.stdout?.once('data', () => child.stdout?.destroy())
    const stderr: string[] = []
    child.stderr?.setEncoding('utf8').on('data', (text: string) => stderr.push(text))
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect([code, stderr]).toEqual([0, []])
  })

  it.each([
    [['--from', '2'], '--from is a revision of one ledger: name it with --ledger.'],
    [['--types', 'AcountOpened'], 'there is no event type AcountOpened: is AccountOpened meant?'],
    [['--ledger', 'acme', '--from', '-1'], '--from needs a value: --from REVISION.'],
  ])('refuses %j', async (options, sentence) => {
    await using folder = await temporaryFolder()
    const { code, stderr } = await daybook(['export', ...options], { folder: folder.path })
    expect([code, stderr]).toEqual([2, `daybook export: ${sentence}\n`])
  })
})

const readingTools: string[][] = [
  ['export'],
  ['verify-books'],
  ['backup', 'copy'],
  ['replay', '--ledger', 'acme'],
  ['rebuild', '--check', '--all'],
  ['rebuild', '--all'],
]

describe('a tool that reads', () => {
  it.each(readingTools)('makes no log where there is none: %s', async (...given) => {
    await using folder = await temporaryFolder()
    const { code, stderr } = await daybook(given, { folder: folder.path })
    expect(code).toBe(1)
    expect(stderr).toContain(`there is no log in ${join(folder.path, 'data')}`)
  })

  it.each(readingTools)('takes an empty file for no log: %s', async (...given) => {
    await using folder = await temporaryFolder()
    const log = join(folder.path, 'data', 'log.db')
    await mkdir(dirname(log))
    await writeFile(log, '')
    const { code, stderr } = await daybook(given, { folder: folder.path })
    expect(code).toBe(1)
    expect(stderr).toContain(`${log} is empty: keep the folder, and restore a backup.`)
    expect(await readFile(log, 'utf8')).toBe('')
  })
})

describe('daybook backup', () => {
  it('makes a folder to start from, while the server runs', async () => {
    await using folder = await booked()
    await using program = await startProgram(folder.path)
    const { code, stdout } = await daybook(['backup', 'copy'], { folder: folder.path })
    const copy = join(folder.path, 'copy')
    expect([code, stdout]).toEqual([
      0,
      `backed up to ${copy}\nto restore: DAYBOOK_DATA=${copy} daybook start\n`,
    ])
    await program.stop()
    await using restored = await startProgram(folder.path, { DAYBOOK_DATA: copy })
    const response = await fetch(`${restored.url}/v1/ledgers/acme`, {
      headers: { 'Min-Revision': '4' },
    })
    expect(await response.json()).toMatchObject({ data: { name: 'Acme', revision: '4' } })
    const secrets = [copy, join(folder.path, 'data')].map((at) => join(at, 'cursor.secret'))
    const [one, other] = await Promise.all(secrets.map((path) => readFile(path, 'utf8')))
    expect(one).toBe(other)
  })

  it.each([
    ['no folder', '/proc/copy'],
    ['no file', '/proc'],
  ])('ends with a sentence where %s can be made', async (_, target) => {
    await using folder = await booked()
    const { code, stderr } = await daybook(['backup', target], { folder: folder.path })
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^daybook backup: .*\/proc.* cannot be made: .*\n$/),
    ])
  })

  it('never writes over another one', async () => {
    await using folder = await booked()
    await daybook(['backup', 'copy'], { folder: folder.path })
    const { code, stderr } = await daybook(['backup', 'copy'], { folder: folder.path })
    expect([code, stderr]).toEqual([1, expect.stringContaining('log.db is there already')])
  })
})

describe('daybook replay', () => {
  it('shows the books as they were at a revision', async () => {
    await using folder = await booked()
    const given = ['replay', '--ledger', 'acme', '--revision', '3']
    const { code, stdout } = await daybook(given, { folder: folder.path })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Acme \(acme\) at revision 3, recorded .*Z\n/)
    expect(stdout.split('\n').slice(2)).toEqual([
      'account  type    state  asset  posted  pending  available',
      'bank     asset   open   EUR/2    1.00     1.00       1.00',
      'equity   equity  open   EUR/2    1.00     1.00       1.00',
      '',
      'No open holds',
      '',
      'Trial balance',
      'account      asset  debits  credits',
      'bank         EUR/2    1.00     0.00',
      'equity       EUR/2    0.00     1.00',
      'total EUR/2  EUR/2    1.00     1.00',
      '',
    ])
  })

  it('shows open holds', async () => {
    await using folder = await booked()
    const posting = { debit: 'equity', credit: 'bank', asset: 'EUR/2', amount: '40' }
    const hold = { command: 'PlaceHold', ledgerId: 'acme', postings: [posting] }
    await daybook(['import', '-'], { folder: folder.path, input: ndjson([hold]) })
    const { stdout } = await daybook(['replay', '--ledger', 'acme', '--account', 'bank'], {
      folder: folder.path,
    })
    expect(stdout.split('\n').slice(2)).toEqual([
      'account  type   state  asset  posted  pending  available',
      'bank     asset  open   EUR/2    3.50     3.10       3.10',
      '',
      'Open holds',
      'hold  debit   credit  asset  remaining  expires',
      '5     equity  bank    EUR/2       0.40  no expiry',
      '',
    ])
  })

  it.each([
    [['--ledger', 'nope'], 1, 'there is no ledger nope.'],
    [['--ledger', 'acme', '--revision', '5'], 1, 'acme has no revision 5: its last one is 4.'],
    [[], 2, '--ledger LEDGER is missing.'],
  ])('refuses %j', async (options, code, sentence) => {
    await using folder = await booked()
    const ran = await daybook(['replay', ...options], { folder: folder.path })
    expect([ran.code, ran.stderr]).toEqual([code, `daybook replay: ${sentence}\n`])
  })
})

describe('daybook verify-books', () => {
  it('finds nothing in books that are right, read models included', async () => {
    await using folder = await booked()
    await using program = await startProgram(folder.path)
    await fetch(`${program.url}/v1/ledgers/acme`, { headers: { 'Min-Revision': '4' } })
    const { code, stdout } = await daybook(['verify-books', '--json'], { folder: folder.path })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ ledgers: 2, events: 6, findings: [] })
    expect(JSON.parse(stdout).documents).toBeGreaterThan(10)
  })
})

/** Two ledgers, with 3.50 in the bank of the first one. */
async function booked(more = 0): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await temporaryFolder()
  const rows = [
    ...openingRows,
    deposit('100'),
    deposit('250'),
    { command: 'OpenLedger', ledgerId: 'other', name: 'Other', assets: [{ asset: 'JPY/0' }] },
    ...Array.from({ length: more }, () => deposit('1')),
  ]
  const path = join(folder.path, 'rows.ndjson')
  await writeFile(path, ndjson(rows))
  // In two chunks, so that the log has the ledgers in this order.
  const { stderr } = await daybook(['import', path, '--batch', '5'], { folder: folder.path })
  expect(stderr).toBe('')
  return folder
}

type Line = { readonly ledgerId: string; readonly revision: string }

function linesOf(text: string): readonly Line[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}
