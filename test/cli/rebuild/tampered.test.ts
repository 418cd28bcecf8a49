import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { daybook, deposit, ndjson, openingRows } from '#test/cli/daybook.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await projected()
}, 60_000)
afterAll(() => folder[Symbol.asyncDispose]())

/** The model, and what is done to its rows. */
const fieldsChanged = [
  ['entries', `UPDATE entries_v1 SET f_accountId = 'equity' WHERE f_accountId = 'bank'`],
  ['entries', `UPDATE entries_v1 SET f_effectiveAt = '2040-01-01T00:00:00.000Z'`],
  ['trial-balances', `UPDATE "trial-balances_v2" SET f_kind = NULL WHERE f_kind = 'account'`],
  ['accounts', `UPDATE accounts_v1 SET f_status = 'closed' WHERE f_accountId = 'bank'`],
  ['accounts', `UPDATE accounts_v1 SET f_accountId = NULL WHERE f_accountId = 'bank'`],
  ['holds', `UPDATE holds_v1 SET f_status = 'voided'`],
  ['transactions', `UPDATE transactions_v1 SET f_transactionId = NULL WHERE f_transactionId = 3`],
  ['transactions', 'UPDATE transactions_v1 SET f_externalReference = NULL'],
  ['commands', `UPDATE commands_v1 SET f_idempotencyKey = 'another' WHERE f_revision = 3`],
] as const

describe('a field by which documents are found, changed behind the program’s back', () => {
  it.each(fieldsChanged)('is noticed in %s: %s', async (model, sql) => {
    await using tampered = await changedBy(sql)
    const checked = await daybook(['rebuild', model, '--check'], { folder: tampered.path })
    expect(checked.code).toBe(1)
    expect(checked.stderr).not.toContain('Error')
    expect(checked.stdout).toMatch(new RegExp(`^${model} v.: documents differ .*\n  acme: `))
    expect(checked.stdout).toMatch(
      /, damaged or found by other fields than it has|a document under no id/,
    )
    const verified = await daybook(['verify-books'], { folder: tampered.path })
    expect(verified.code).toBe(1)
    expect(verified.stderr).not.toContain('Error')
    expect(verified.stdout).toMatch(
      new RegExp(
        `^acme: read-model: ${model}: (document .*|a document under no id) is damaged, or found by other fields than it has$`,
        'm',
      ),
    )
  })
})

describe('a ledger that stands elsewhere in a model than the log says', () => {
  it.each([
    [
      'revision = revision - 2',
      'applied up to revision 3, 2 events behind, and nothing moves it on',
    ],
    ['revision = revision + 4', 'has applied revision 9, the log ends at 5'],
    [
      `parked_revision = 6, parked_reason = 'ghost'`,
      'is parked at revision 6, the log lets it go on',
    ],
  ])('is noticed: %s', async (change, said) => {
    await using tampered = await changedBy(
      `UPDATE checkpoints SET ${change} WHERE model = 'accounts'`,
    )
    await expectDeviation(tampered, said)
  })

  it('is noticed where its checkpoint is gone', async () => {
    await using tampered = await changedBy(`DELETE FROM checkpoints WHERE model = 'accounts'`)
    await expectDeviation(tampered, 'nothing of it is applied, 6 events behind, and nothing')
  })

  it('is waited for where a program is at work', async () => {
    await using tampered = await changedBy(`DELETE FROM checkpoints WHERE model = 'accounts'`)
    const more = ndjson([...openingRows, deposit('1')].map((row) => ({ ...row, ledgerId: 'new' })))
    await daybook(['import', '-'], { folder: tampered.path, input: more })
    const checked = daybook(['rebuild', 'accounts', '--check'], { folder: tampered.path })
    // It has to have looked before the program moves on what it can.
    await sleep(1_500)
    await using program = await startProgram(tampered.path)
    expect(await checked).toMatchObject({ code: 0 })
    await program.stop()
  })
})

describe('a ledger that only a read model has', () => {
  it.each([
    ['ledgers', `SELECT 9, revision, 'ghost', document, checksum FROM ledgers_v1`, ': ghost'],
    [
      'holds',
      `SELECT 9, revision, 7, 'open', '2020-01-01', NULL, document, checksum FROM holds_v1`,
      ': 7',
    ],
  ])('is noticed in %s', async (model, rows, id) => {
    await using tampered = await changedBy(
      `INSERT INTO ledger_numbers VALUES (9, 'ghost'); INSERT INTO ${model}_v1 ${rows}`,
    )
    const checked = await daybook(['rebuild', model, '--check'], { folder: tampered.path })
    expect(checked.code).toBe(1)
    expect(checked.stderr).not.toContain('Error')
    expect(checked.stdout).toContain(`\n  ghost${id}`)
    expect(checked.stdout).toContain('\n  ghost: the log has no such ledger\n')
    const verified = await daybook(['verify-books'], { folder: tampered.path })
    expect(verified.code).toBe(1)
    expect(verified.stdout).toContain(`ghost: read-model: ${model}: not in the log\n`)
  })
})

describe('a file whose index lacks a row', () => {
  it('is damaged', async () => {
    const index = 'accounts_v1_by_ledger_status_accountId'
    const gap = ` WHERE f_accountId <> ''bank''`
    await using tampered = await changedBy(`PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = sql || '${gap}' WHERE name = '${index}';
      PRAGMA writable_schema = RESET;
      REINDEX;
      PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = replace(sql, '${gap}', '')`)
    const checked = await daybook(['rebuild', 'accounts', '--check'], { folder: tampered.path })
    expect(checked.code).toBe(1)
    expect(checked.stdout).toContain(`the read models: wrong # of entries in index ${index}\n`)
    expect(checked.stdout).toMatch(/^accounts v1: 2 documents, equal/m)
    const given = ['rebuild', 'holds', '--check', '--json']
    const { stdout } = await daybook(given, { folder: tampered.path })
    const { faults } = JSON.parse(stdout)
    expect(faults).toContain(`wrong # of entries in index ${index}`)
  })
})

describe('a file that is not as the program makes it', () => {
  it.each([
    [
      'DROP INDEX accounts_v1_by_ledger_type_accountId',
      'the index accounts_v1_by_ledger_type_accountId of accounts_v1 is missing',
    ],
    [
      'CREATE TRIGGER late AFTER UPDATE ON checkpoints BEGIN DELETE FROM holds_v1; END',
      `the trigger late of checkpoints is none of the program's`,
    ],
  ])('is noticed: %s', async (sql, said) => {
    await using tampered = await changedBy(sql)
    const checked = await daybook(['rebuild', 'accounts', '--check'], { folder: tampered.path })
    expect(checked.code).toBe(1)
    expect(checked.stdout).toContain(`the read models: ${said}\n`)
    expect(checked.stdout).toMatch(/^accounts v1: 2 documents, equal/m)
    const verified = await daybook(['verify-books'], { folder: tampered.path })
    expect([verified.code, verified.stderr]).toEqual([1, ''])
    expect(verified.stdout).toMatch(/ findings 1\n$/)
    expect(verified.stdout).toContain(`read-models: ${said}\n`)
    const asJson = await daybook(['verify-books', '--json'], { folder: tampered.path })
    expect(JSON.parse(asJson.stdout).findings).toEqual([{ rule: 'read-models', detail: said }])
  })

  it('is mended by the next start where an index is missing, which is logged until then', async () => {
    const index = 'accounts_v1_by_ledger_type_accountId'
    await using tampered = await changedBy('SELECT 1')
    await using program = await startProgram(tampered.path)
    alter(tampered, `DROP INDEX ${index}`)
    const answer = await fetch(`${program.url}/v1/ledgers/acme/accounts/bank`)
    expect(answer.status).toBe(503)
    await program.stop()
    const told = program.lines.filter((line) => line.includes(`accounts has no index ${index}`))
    expect(told).toHaveLength(1)
    await using next = await startProgram(tampered.path)
    const given = ['rebuild', 'accounts', '--check']
    await vi.waitFor(
      async () =>
        expect(await daybook(given, { folder: tampered.path })).toMatchObject({ code: 0 }),
      { timeout: 20_000, interval: 100 },
    )
    await next.stop()
  }, 60_000)

  it('is noticed where it keeps documents from being read', async () => {
    const index = 'accounts_v1_by_ledger_accountId'
    await using tampered = await changedBy(`DROP INDEX ${index}; DROP TABLE holds_v1`)
    const { code, stdout, stderr } = await daybook(['rebuild', '--all', '--check'], {
      folder: tampered.path,
    })
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^daybook rebuild: The read model accounts has no index /)
    expect(stderr).toContain(`the index ${index} of accounts_v1 is missing; the table holds_v1 is`)
  })
})

describe('a document that is stored twice', () => {
  it.each([
    ['accounts', 'accounts_v1_by_ledger_accountId', 'f_accountId', 2],
    ['entries', 'entries_v1_by_ledger_id', 'id', 8],
  ])('is noticed in %s, and counted', async (model, index, column, count) => {
    await using tampered = await changedBy(`DROP INDEX ${index};
      CREATE INDEX ${index} ON ${model}_v1 (ledger, ${column});
      INSERT INTO ${model}_v1 SELECT * FROM ${model}_v1 ORDER BY ${column} LIMIT 1`)
    const checked = await daybook(['rebuild', model, '--check'], { folder: tampered.path })
    expect(checked.code).toBe(1)
    expect(checked.stdout).toContain(`documents differ (live ${count + 1}, rebuilt ${count});`)
    expect(checked.stdout).toMatch(/\n {2}acme: \S+, stored more than once\n/)
    expect(checked.stdout).toContain(`index ${index} of ${model}_v1 is not as the program makes it`)
    const verified = await daybook(['verify-books'], { folder: tampered.path })
    expect(verified.code).toBe(1)
    expect(verified.stdout).toMatch(/ findings 2\n$/)
    expect(verified.stdout).toMatch(
      new RegExp(`^acme: read-model: ${model}: document \\S+ is stored more than once$`, 'm'),
    )
  })
})

type Folder = AsyncDisposable & { readonly path: string }

async function expectDeviation({ path }: Folder, said: string): Promise<void> {
  const checked = await daybook(['rebuild', 'accounts', 'ledgers', '--check'], { folder: path })
  expect(checked.code).toBe(1)
  expect(checked.stderr).not.toContain('Error')
  expect(checked.stdout).toMatch(/^accounts v1: ledgers stand elsewhere than the log says \(/)
  expect(checked.stdout).toContain(`\n  acme: ${said}`)
  expect(checked.stdout).toMatch(/^ledgers v1: 1 documents, equal/m)
}

/** The same data, changed behind the program's back. */
async function changedBy(sql: string): Promise<Folder> {
  const copy = await temporaryFolder()
  await cp(folder.path, copy.path, { recursive: true })
  alter(copy, sql)
  return copy
}

function alter({ path }: Folder, sql: string): void {
  const file = join(path, 'data', 'read-models.db')
  using database = new DatabaseSync(file, { defensive: false, timeout: 5_000 })
  database.exec(sql)
}

/** Six events of one ledger that a program has projected; it is stopped again. */
async function projected(): Promise<Folder> {
  const made = await temporaryFolder()
  const { postings } = deposit('1')
  const rows = [
    ...openingRows,
    deposit('100', { externalReference: 'first' }),
    deposit('50'),
    { command: 'PlaceHold', ledgerId: 'acme', postings },
  ]
  await daybook(['import', '-'], { folder: made.path, input: ndjson(rows) })
  await using program = await startProgram(made.path)
  const isBehind = async () => {
    const answer = await fetch(`${program.url}/v1/projections`)
    const { data } = JSON.parse(await answer.text())
    return data.some(({ lagEvents }: { lagEvents: number }) => lagEvents > 0)
  }
  while (await isBehind()) await sleep(20)
  await program.stop()
  return made
}
