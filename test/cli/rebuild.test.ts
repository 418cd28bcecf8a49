import type { ChildProcess } from 'node:child_process'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { checksumOf } from '#adapters/sqlite/read-models-rows.ts'
import { allProjections } from '#projections/all-projections.ts'
import { daybook, deposit, ndjson, openingRows, spawnDaybook } from '#test/cli/daybook.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'

describe('daybook rebuild', () => {
  it('finds the one document that is not what the log makes of it, and heals it', async () => {
    await using folder = await projected()
    expect(await rebuild(folder, ['--all', '--check'])).toMatchObject({ code: 0 })
    await corrupt(folder.path, '4')
    const found = await rebuild(folder, ['--all', '--check', '--json'])
    expect(found.code).toBe(1)
    const { projections } = JSON.parse(found.stdout)
    expect(differing(projections)).toEqual([['transactions', [{ ledgerId: 'acme', id: '4' }]]])
    const lines = await rebuild(folder, ['transactions', '--check'])
    expect(lines.code).toBe(1)
    expect(lines.stdout).toContain('the live model was left alone\n  acme: 4\n')

    const healed = await rebuild(folder, ['transactions'])
    expect(healed).toMatchObject({ code: 0 })
    expect(healed.stdout).toContain('documents differ')
    expect(healed.stdout).toContain('build 2 serves\n  acme: 4\n')
    expect(await rebuild(folder, ['--all', '--check'])).toMatchObject({ code: 0 })
    const { code } = await daybook(['verify-books'], { folder: folder.path })
    expect(code).toBe(0)
    expect(
      (await readdir(join(folder.path, 'data'))).filter((name) => name.includes('check')),
    ).toEqual([])
  }, 120_000)

  it('goes on beside a program that reads and writes, which then answers from the new build', async () => {
    await using folder = await projected(300)
    await using program = await startProgram(folder.path)
    const stop = new AbortController()
    const reading = readsUntil(program.url, stop.signal)
    const rebuilt = await rebuild(folder, ['--all', '--drop-retired'])
    stop.abort()
    expect(rebuilt).toMatchObject({ code: 0 })
    const revisions = await reading
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b))
    const { data } = JSON.parse(await (await fetch(`${program.url}/v1/projections`)).text())
    expect(data).toHaveLength(allProjections.length)
    for (const status of data)
      expect(status).toMatchObject({ build: 2, status: 'live', building: null })
    const last = await posted(program.url)
    const account = await fetch(`${program.url}/v1/ledgers/acme/accounts/bank`, {
      headers: { 'Min-Revision': last },
    })
    expect(account.status).toBe(200)
    expect(await rebuild(folder, ['--all', '--check'])).toMatchObject({ code: 0 })
  }, 120_000)

  it('kill of a rebuild at any moment leaves the live models as they were, and the next one succeeds', async () => {
    await using folder = await projected(2_000)
    for (const afterMs of [300, 500, 700, 900]) {
      const child = spawnDaybook(['rebuild', '--all'], { folder: folder.path })
      await sleep(afterMs)
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('close', resolve))
    }
    expect(await rebuild(folder, ['--all', '--check'])).toMatchObject({ code: 0 })
    expect(await rebuild(folder, ['--all'])).toMatchObject({ code: 0 })
    expect(await rebuild(folder, ['--all', '--check'])).toMatchObject({ code: 0 })
  }, 180_000)

  it.each([
    ['are missing', async (path: string) => rm(path)],
    ['have an older layout', async (path: string) => withOlderLayout(path)],
  ])('says which read models it could not compare where they %s', async (_, spoil) => {
    await using folder = await projected()
    await spoil(join(folder.path, 'data', 'read-models.db'))
    const all = await rebuild(folder, ['--all', '--check'])
    expect([all.code, all.stdout, all.stderr]).toEqual([
      1,
      '',
      expect.stringMatching(
        /^daybook rebuild: nothing serves of ledgers, accounts, .*, so there was nothing to compare/m,
      ),
    ])
    const one = await rebuild(folder, ['holds', '--check', '--json'])
    expect([one.code, one.stdout]).toEqual([1, '{"projections":[]}\n'])
    expect(one.stderr).toContain('nothing serves of holds, so')
    const verified = await daybook(['verify-books'], { folder: folder.path })
    expect(verified.code).toBe(0)
    expect(verified.stdout).toMatch(
      /^note: nothing serves of ledgers, accounts, .*: there was nothing to compare with the log\n.* documents 0, findings 0\n$/,
    )
  })

  it('that is ended by a signal drops what it was building', async () => {
    await using folder = await projected(2_000)
    expect(await endedWhileBuilding(folder, 'SIGTERM')).toBe(1)
    expect(building(folder)).toBe(0)
  }, 60_000)

  it('that is killed is not shown as going on, and any other one drops what it left', async () => {
    await using folder = await projected(2_000)
    await endedWhileBuilding(folder, 'SIGKILL')
    expect(building(folder)).toBeGreaterThan(0)
    const listed = await daybook(['projections', 'list', '--json'], { folder: folder.path })
    for (const status of JSON.parse(listed.stdout).projections)
      expect(status).toMatchObject({ status: 'live', build: 1, building: null })
    expect(await rebuild(folder, ['holds'])).toMatchObject({ code: 0 })
    expect(building(folder)).toBe(0)
  }, 60_000)

  it('removes what a killed check left, and nothing while another check runs', async () => {
    await using folder = await projected(2_000)
    const checks = async () =>
      (await readdir(join(folder.path, 'data'))).filter((name) => name.startsWith('rebuild-check-'))
    const started = async (count: number) => {
      const child = spawnDaybook(['rebuild', '--all', '--check'], { folder: folder.path })
      while ((await checks()).length !== count) await sleep(5)
      return child
    }
    const ended = (child: ChildProcess) => new Promise((resolve) => child.once('close', resolve))
    const living = await started(1)
    living.kill('SIGSTOP')
    const [livings] = await checks()
    const dead = await started(2)
    dead.kill('SIGKILL')
    await ended(dead)
    expect(await rebuild(folder, ['holds'])).toMatchObject({ code: 0 })
    expect(await checks()).toContain(livings)
    const closed = ended(living)
    living.kill('SIGCONT')
    await closed
    expect(living.exitCode).toBe(0)
    expect(await checks()).toHaveLength(1)
    expect(await rebuild(folder, ['holds'])).toMatchObject({ code: 0 })
    expect(await checks()).toEqual([])
  }, 120_000)

  it.each([
    [['acounts'], 'there is no projection acounts: is accounts meant?'],
    [[], 'name a read model, or give --all.'],
    [['accounts', '--all'], '--all is every read model: name none beside it.'],
    [['accounts', '--check', '--drop-retired'], '--check drops nothing: leave --drop-retired out.'],
  ])('refuses %j', async (given, sentence) => {
    await using folder = await temporaryFolder()
    const { code, stderr } = await daybook(['rebuild', ...given], { folder: folder.path })
    expect([code, stderr]).toEqual([2, `daybook rebuild: ${sentence}\n`])
  })
})

type Folder = { readonly path: string }

function rebuild(folder: Folder, given: readonly string[]) {
  return daybook(['rebuild', ...given], { folder: folder.path })
}

type Projection = {
  readonly name: string
  readonly comparison: { readonly differences: readonly object[] }
}

function differing(projections: readonly Projection[]) {
  return projections.flatMap(({ name, comparison: { differences } }) =>
    differences.length === 0 ? [] : [[name, differences]],
  )
}

/** A ledger whose events a program has projected; it is stopped again. */
async function projected(more = 0): Promise<AsyncDisposable & Folder> {
  const folder = await temporaryFolder()
  const rows = [...openingRows, ...Array.from({ length: 3 + more }, () => deposit('100'))]
  const { stderr } = await daybook(['import', '-'], { folder: folder.path, input: ndjson(rows) })
  expect(stderr).toBe('')
  await using program = await startProgram(folder.path)
  const headers = { 'Min-Revision': `${rows.length - 1}` }
  for (let status = 503; status !== 200; )
    ({ status } = await fetch(`${program.url}/v1/ledgers/acme/transactions`, { headers }))
  for (const list of ['commands', 'trial-balance', 'holds'])
    await fetch(`${program.url}/v1/ledgers/acme/${list}`, { headers })
  await program.stop()
  return folder
}

/** Ends a rebuild of everything by a signal once it has begun to build; its exit code. */
async function endedWhileBuilding(folder: Folder, signal: NodeJS.Signals): Promise<number | null> {
  const child = spawnDaybook(['rebuild', '--all'], { folder: folder.path })
  const closed = new Promise((resolve) => child.once('close', resolve))
  while (building(folder) === 0) await sleep(2)
  child.kill(signal)
  await closed
  return child.exitCode
}

/** How many builds there are that don't serve yet. */
function building({ path }: Folder): number {
  const file = join(path, 'data', 'read-models.db')
  using database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 })
  const sql = `SELECT count(*) AS count FROM builds WHERE state = 'building'`
  return Number(database.prepare(sql).get()?.['count'])
}

function withOlderLayout(path: string): void {
  using database = new DatabaseSync(path)
  database.exec('PRAGMA user_version = 4')
}

/** As a projection with a bug would have stored a transaction's document. */
async function corrupt(folder: string, transactionId: string): Promise<void> {
  using database = new DatabaseSync(join(folder, 'data', 'read-models.db'))
  const where = `WHERE f_transactionId = ${transactionId}`
  const row = database.prepare(`SELECT revision, document FROM transactions_v1 ${where}`).get()
  const text = String(row?.['document']).replace('{', '{"reference":"forged",')
  const place = { ledgerId: 'acme', id: transactionId, revision: BigInt(Number(row?.['revision'])) }
  const update = database.prepare(`UPDATE transactions_v1 SET document = ?, checksum = ? ${where}`)
  expect(update.run(text, checksumOf(place, text)).changes).toBe(1)
}

async function posted(url: string): Promise<string> {
  const postings = [{ debit: 'bank', credit: 'equity', asset: 'EUR/2', amount: '1' }]
  const response = await fetch(`${url}/v1/ledgers/acme/transactions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() },
    body: JSON.stringify({ postings }),
  })
  expect(response.status).toBe(201)
  return response.headers.get('ledger-revision') ?? ''
}

/** Writes and reads all along: the revisions answered. Every read has to be answered. */
async function readsUntil(url: string, signal: AbortSignal): Promise<readonly number[]> {
  const revisions: number[] = []
  while (!signal.aborted) {
    await posted(url)
    const response = await fetch(`${url}/v1/ledgers/acme/accounts/bank`)
    expect(response.status).toBe(200)
    revisions.push(Number(response.headers.get('ledger-revision')))
    await sleep(5)
  }
  return revisions
}
