import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { daybook, deposit, ndjson, openingRows, type Ran, spawnDaybook } from '#test/cli/daybook.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'

describe('importing a file', () => {
  it('accepts every row once, however often it is run', async () => {
    await using folder = await fileOf([...openingRows, deposit('100'), deposit('250')])
    expect(summary(await run(folder))).toBe('accepted 5, replayed 0, refused 0, malformed 0')
    const again = await run(folder)
    expect([again.code, summary(again)]).toEqual([
      0,
      'accepted 0, replayed 5, refused 0, malformed 0',
    ])
    expect(await bankBalance(folder.path)).toBe('350')
  })

  it('does not mind in how large pieces', async () => {
    await using folder = await fileOf([...openingRows, deposit('100'), deposit('250')])
    await run(folder, '--batch', '2')
    expect(summary(await run(folder, '--batch', '500'))).toContain('accepted 0, replayed 5')
  })

  it('takes the same from standard input, under the same keys', async () => {
    const rows = [...openingRows, deposit('100')]
    await using folder = await fileOf(rows)
    await run(folder)
    const piped = await daybook(['import', '-'], { folder: folder.path, input: ndjson(rows) })
    expect(summary(piped)).toBe('accepted 0, replayed 4, refused 0, malformed 0')
  })

  it('takes keys from the rows that have them', async () => {
    await using folder = await fileOf([...openingRows, deposit('100', { idempotencyKey: 'one' })])
    await run(folder)
    const other = deposit('200', { idempotencyKey: 'one' })
    const { code, stderr } = await daybook(['import', '-'], {
      folder: folder.path,
      input: ndjson([deposit('100', { idempotencyKey: 'one' }), other]),
    })
    expect([code, stderr]).toEqual([
      1,
      'line 2: idempotency-key-mismatch: this key was used for another request\n',
    ])
  })

  it('gives rows without a ledger the one of --ledger', async () => {
    const { ledgerId: _, ...row } = deposit('100')
    await using folder = await fileOf([...openingRows, row])
    const without = await run(folder, '--dry-run')
    expect(without.stderr).toBe(
      'line 4: malformed: /ledgerId: names the ledger, or --ledger does\n',
    )
    expect(summary(await run(folder, '--ledger', 'acme'))).toContain('accepted 4')
  })

  it('records one correlation for the file, and the keys by line', async () => {
    await using folder = await fileOf([...openingRows, deposit('100')])
    await run(folder)
    const { stdout } = await daybook(['export', '--types', 'TransactionPosted'], {
      folder: folder.path,
    })
    expect(JSON.parse(stdout)).toMatchObject({
      actor: 'daybook:import',
      correlationId: expect.stringMatching(/^import:[0-9a-f]{64}$/),
      idempotency: { key: expect.stringMatching(/^import:[0-9a-f]{64}:4$/) },
    })
  })
})

describe('rows that do not get in', () => {
  const overdraft = { debit: 'equity', credit: 'bank', asset: 'EUR/2', amount: '500' }
  const rows = [
    ...openingRows.map((row) => JSON.stringify(row)),
    JSON.stringify({ ...deposit('1'), postings: [overdraft] }),
    '{"command":"PostTransaction","command":"PostTransaction"}',
    '',
    JSON.stringify({ ...deposit('1'), postings: [{ ...overdraft, amount: 5 }] }),
    'no JSON',
    JSON.stringify(deposit('100')),
  ].join('\n')

  it('are told by line, code and reason, and do not keep out the others', async () => {
    await using folder = await fileOf(rows)
    const ran = await run(folder)
    expect([ran.code, summary(ran)]).toEqual([1, 'accepted 4, replayed 0, refused 1, malformed 3'])
    expect(ran.stderr.trimEnd().split('\n').toSorted()).toEqual([
      'line 4: insufficient-funds: account bank has 0 EUR/2 available, 500 would be taken and 0 must remain',
      'line 5: malformed: a name stands twice in one object, at character 29',
      expect.stringContaining('line 7: malformed: /postings/0/amount: '),
      expect.stringContaining('line 8: malformed: the line is not JSON'),
    ])
  })

  it('are kept in a file on request', async () => {
    await using folder = await fileOf(rows)
    await run(folder, '--rejects', 'rejects.ndjson')
    const kept = await readFile(join(folder.path, 'rejects.ndjson'), 'utf8')
    const rejects = kept
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(rejects.find(({ line }) => line === 4)).toMatchObject({
      code: 'insufficient-funds',
      context: { available: '0', required: '500' },
      row: { command: 'PostTransaction', postings: [overdraft] },
    })
    expect(new Set(rejects.map(({ line }) => line))).toEqual(new Set([4, 5, 7, 8]))
  })

  it('are not written over the file that they are in', async () => {
    await using folder = await fileOf(rows)
    const { code, stderr } = await run(folder, '--rejects', './rows.ndjson')
    expect([code, stderr]).toEqual([
      2,
      'daybook import: --rejects names the file that is imported: ./rows.ndjson.\n',
    ])
    expect(await readFile(join(folder.path, 'rows.ndjson'), 'utf8')).toBe(rows)
  })
})

describe('a dry run', () => {
  it('says what an import would come to, and leaves nothing', async () => {
    await using folder = await fileOf([...openingRows, deposit('100')])
    const dry = await run(folder, '--dry-run')
    expect(dry.stdout).toBe('dry run: accepted 4, replayed 0, refused 0, malformed 0\n')
    expect(summary(await run(folder))).toContain('accepted 4')
    expect((await run(folder, '--dry-run')).stdout).toContain('replayed 4')
  })

  it.each<[string, Record<string, string>, string]>([
    ['empty', { 'log.db': '' }, 'log.db is empty: '],
    ['empty beside its -wal', { 'log.db': '', 'log.db-wal': 'events' }, 'log.db is empty: '],
    ['gone from beside its -wal', { 'log.db-wal': 'events' }, 'there is no log in '],
  ])('does not take a lost log for none: one that is %s', async (_name, files, refusal) => {
    await using folder = await fileOf(openingRows)
    const data = join(folder.path, 'data')
    await mkdir(data)
    for (const [name, text] of Object.entries(files)) await writeFile(join(data, name), text)
    const dry = await run(folder, '--dry-run')
    expect([dry.code, dry.stdout]).toEqual([1, ''])
    expect(dry.stderr).toContain(refusal)
    for (const [name, text] of Object.entries(files))
      expect(await readFile(join(data, name), 'utf8')).toBe(text)
  })
})

describe('an import that is killed', () => {
  it('goes on where it was when it is run again, with each row once', async () => {
    const deposits = Array.from({ length: 6000 }, () => deposit('1'))
    await using folder = await fileOf([...openingRows, ...deposits])
    for (const events of [300, 1500, 2700, 4500]) {
      const child = spawnDaybook(['import', 'rows.ndjson', '--batch', '20'], {
        folder: folder.path,
      })
      const closed = once(child, 'close')
      while (child.exitCode === null && eventsIn(folder.path) < events) await sleep(5)
      child.kill('SIGKILL')
      await closed
      expect(child.signalCode).toBe('SIGKILL')
    }
    const last = await run(folder)
    expect([last.code, last.stdout]).toEqual([
      0,
      expect.stringMatching(/refused 0, malformed 0\n$/),
    ])
    expect(await bankBalance(folder.path)).toBe('6000')
    const audit = await daybook(['verify-books'], { folder: folder.path })
    expect([audit.code, audit.stdout]).toEqual([0, expect.stringContaining('events 6003,')])
  }, 60_000)
})

describe('an import while a server runs', () => {
  it('is seen by the server', async () => {
    await using folder = await fileOf([...openingRows, deposit('100')])
    await using program = await startProgram(folder.path)
    expect(summary(await run(folder))).toContain('accepted 4')
    const response = await fetch(`${program.url}/v1/ledgers/acme/accounts/bank/balances`, {
      headers: { 'Min-Revision': '3' },
    })
    expect(await response.json()).toMatchObject({ data: [{ asset: 'EUR/2', posted: '100' }] })
  })
})

/** None before the log is there. */
function eventsIn(folder: string): number {
  const path = join(folder, 'data', 'log.db')
  if (!existsSync(path)) return 0
  using database = new DatabaseSync(path, { readOnly: true, timeout: 1_000 })
  try {
    return Number(database.prepare('SELECT count(*) AS count FROM events').get()?.['count'])
  } catch {
    return 0
  }
}

type Folder = AsyncDisposable & { readonly path: string }

async function fileOf(rows: readonly object[] | string): Promise<Folder> {
  const folder = await temporaryFolder()
  await writeFile(join(folder.path, 'rows.ndjson'), typeof rows === 'string' ? rows : ndjson(rows))
  return folder
}

function run(folder: Folder, ...options: readonly string[]): Promise<Ran> {
  return daybook(['import', 'rows.ndjson', ...options], { folder: folder.path })
}

function summary({ stdout }: Ran): string {
  return stdout.trimEnd()
}

async function bankBalance(folder: string): Promise<unknown> {
  const { stdout } = await daybook(
    ['replay', '--ledger', 'acme', '--account', 'bank', '--format', 'json'],
    { folder },
  )
  const books: { accounts: { balances: { posted: string }[] }[] } = JSON.parse(stdout)
  return books.accounts[0]?.balances[0]?.posted
}
