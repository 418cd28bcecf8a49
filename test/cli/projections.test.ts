import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { allProjections } from '#projections/all-projections.ts'
import { openLog } from '#compose/stores.ts'
import { ledgerStream } from '#events/stream-names.ts'
import type { EventToAppend, StoredEvent } from '#ports/event-store.ts'
import { recordAct } from '#projections/runtime/acts.ts'
import { daybook, deposit, ndjson, openingRows } from '#test/cli/daybook.ts'
import { configOf, poisoned } from '#test/cli/poisoned.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { rewritten } from '#test/support/stored-events.ts'

const said = ['--actor', 'ops@example.com', '--reason', 'INC-7']

describe('daybook projections', () => {
  it('lists, retries and skips the poison event at which a ledger stands still', async () => {
    await using folder = await poisoned()
    const run = (...given: string[]) => daybook(['projections', ...given], { folder: folder.path })
    await using program = await startProgram(folder.path)
    const account = `${program.url}/v1/ledgers/acme/accounts/bank`
    for (let status = 0; status !== 503; ) ({ status } = await fetch(account))
    const { stdout } = await run('list')
    expect(stdout).toMatch(/^accounts +v1 +1 +parked +2 .* 1$/m)
    expect(stdout).toContain(
      'accounts: acme is parked at revision 4: unknown event type TheftPlanned',
    )

    const parkedToo = await daybook(['rebuild', 'holds'], { folder: folder.path })
    expect([parkedToo.code, parkedToo.stdout]).toEqual([
      0,
      expect.stringMatching(
        /^holds v1: 0 documents, equal, .*; build 2 serves\n {2}acme: parked at revision 4: unknown event type TheftPlanned/,
      ),
    ])

    const retried = await run('retry', 'accounts', 'acme', ...said)
    expect([retried.code, retried.stdout]).toEqual([
      1,
      expect.stringContaining('acme is parked in accounts at revision 4: unknown event type'),
    ])
    const refused = await run('skip', 'accounts', 'acme', '--revision', '3', ...said)
    expect([refused.code, refused.stderr]).toEqual([
      1,
      'daybook projections: acme is parked in accounts at revision 4, not at 3: nothing was recorded.\n',
    ])
    const skipped = await run('skip', 'accounts', 'acme', '--revision', '4', ...said)
    expect([skipped.code, skipped.stdout]).toEqual([
      0,
      'acme goes on in accounts, now at revision 5.\n',
    ])
    const answer = await fetch(account)
    expect([answer.status, answer.headers.get('ledger-revision')]).toEqual([200, '5'])
    expect((await fetch(`${program.url}/v1/ledgers/acme/transactions`)).status).toBe(503)

    const listed = JSON.parse((await run('list', '--json')).stdout)
    expect(listed.projections[1]).toMatchObject({
      name: 'accounts',
      status: 'live',
      parkedLedgers: [],
      skippedEvents: [
        { ledgerId: 'acme', revision: '4', actor: 'ops@example.com', reason: 'INC-7' },
      ],
    })
    const rebuilt = await daybook(['rebuild', 'accounts'], { folder: folder.path })
    expect(rebuilt.stdout).toMatch(/^accounts v1: 2 documents, equal, .*; build 2 serves\n$/)
    const checked = await daybook(['rebuild', '--all', '--check'], { folder: folder.path })
    expect(checked.code).toBe(0)
    const verified = await daybook(['verify-books'], { folder: folder.path })
    expect(verified.stdout).toContain(
      'note: acme revision 4: accounts goes past it: ops@example.com: INC-7\n',
    )
    expect(verified.stdout).not.toMatch(/read-model: accounts/)
  }, 120_000)

  it('goes past a posting in every model, the trial balance with them', async () => {
    await using folder = await unreadableAt(4n)
    await using program = await startProgram(folder.path)
    const ledger = `${program.url}/v1/ledgers/acme`
    for (let status = 0; status !== 503; ) ({ status } = await fetch(`${ledger}/trial-balance`))
    for (const { name } of allProjections) {
      const given = ['skip', name, 'acme', '--revision', '4', ...said]
      const { code, stdout } = await daybook(['projections', ...given], { folder: folder.path })
      expect([code, stdout]).toEqual([0, `acme goes on in ${name}, now at revision 6.\n`])
    }
    for (const [asked, total, posted] of [
      ['', '550', '600'],
      ['?effectiveAt=2100-01-01T00:00:00Z', '600', '600'],
      ['?atRevision=5', '450', '450'],
      ['?atRevision=3', '300', '300'],
    ]) {
      const { data } = JSON.parse(await textAt(`${ledger}/trial-balance${asked}`))
      expect(data.assets[0]).toMatchObject({
        totalDebits: total,
        totalCredits: total,
        accounts: [
          { accountId: 'bank', debits: posted, credits: '0' },
          { accountId: 'equity', debits: '0', credits: posted },
        ],
      })
    }
    const checked = await daybook(['rebuild', '--all', '--check'], { folder: folder.path })
    expect([checked.code, checked.stdout]).toEqual([0, expect.stringContaining('equal')])
    const verified = await daybook(['verify-books'], { folder: folder.path })
    expect(verified.stdout).not.toMatch(/read-model:/)
  }, 120_000)

  it.concurrent('lists and goes past an event that is damaged, in a rebuild, too', async () => {
    await using folder = await damagedAt(4n)
    const run = (...given: string[]) => daybook(given, { folder: folder.path })
    await untilParked(folder.path)
    const listed = await run('projections', 'list')
    expect(listed.code).toBe(0)
    expect(listed.stdout).toContain(
      'accounts: acme is parked at revision 4: the event is damaged: its bytes have changed',
    )
    const skipped = await run('projections', 'skip', 'accounts', 'acme', '--revision', '4', ...said)
    expect(skipped.code).toBe(0)
    const checked = await run('rebuild', 'accounts', '--check')
    expect(checked.code).toBe(1)
    expect(checked.stdout).toMatch(
      /^accounts v1: ledgers stand .*\(2 documents, equal, .*\n {2}acme: is parked at revision 4, the log lets it go on\n$/,
    )
    const rebuilt = await run('rebuild', 'accounts')
    expect(rebuilt.code).toBe(0)
    expect(rebuilt.stdout).toMatch(/^accounts v1: 2 documents, equal, .*; build 2 serves\n$/)
    expect(await run('rebuild', 'accounts', '--check')).toMatchObject({ code: 0 })
    expect((await run('projections', 'list')).stdout).toMatch(/^accounts +v1 +2 +live +0 /m)
  }, 120_000)

  it.concurrent('skips an event once, whoever says so again', async () => {
    await using folder = await poisoned()
    await untilParked(folder.path)
    const skip = (actor: string) =>
      daybook(
        [
          'projections',
          'skip',
          'accounts',
          'acme',
          '--revision',
          '4',
          '--actor',
          actor,
          '--reason',
          'INC-7',
        ],
        { folder: folder.path },
      )
    const refused =
      /^daybook projections: revision 4 of acme is skipped in accounts already, by (ann|bob) at .*Z: nothing was recorded.\n$/
    const both = await Promise.all([skip('ann'), skip('bob')])
    const [first, second] = both.toSorted((a, b) => Number(a.code) - Number(b.code))
    expect([first?.code, second?.code, second?.stderr]).toEqual([
      0,
      1,
      expect.stringMatching(refused),
    ])
    const again = await skip('eve')
    expect([again.code, again.stderr]).toEqual([1, expect.stringMatching(refused)])
    const list = await daybook(['projections', 'list'], { folder: folder.path })
    expect(list.stdout.match(/accounts: acme goes past revision 4/g)).toHaveLength(1)

    await using program = await startProgram(folder.path)
    const account = `${program.url}/v1/ledgers/acme/accounts/bank`
    for (let status = 0; status !== 200; ) ({ status } = await fetch(account))
    const late = await skip('eve')
    expect([late.code, late.stderr]).toEqual([1, expect.stringMatching(refused)])
  }, 120_000)

  it.concurrent('refuse, as the start does, a log that was put back to before a skip', async () => {
    await using folder = await poisoned()
    const log = join(folder.path, 'data', 'log.db')
    const skip = (name: string) =>
      daybook(['projections', 'skip', name, 'acme', '--revision', '4', ...said], {
        folder: folder.path,
      })
    await untilParked(folder.path)
    await copyFile(log, join(folder.path, 'older'))
    {
      await using program = await startProgram(folder.path)
      expect((await skip('accounts')).code).toBe(0)
      await program.stop()
    }
    for (const companion of ['-wal', '-shm']) await rm(`${log}${companion}`, { force: true })
    await copyFile(join(folder.path, 'older'), log)
    const refused = /acted on daybook-projections revision 0, which this log does not hold/
    await expect(startProgram(folder.path)).rejects.toThrow(refused)
    const again = await skip('holds')
    expect([again.code, again.stderr]).toEqual([1, expect.stringMatching(refused)])
  }, 60_000)

  it.concurrent('do not judge by a build that a killed rebuild left', async () => {
    await using folder = await poisoned()
    const run = (...given: string[]) => daybook(['projections', ...given], { folder: folder.path })
    await untilParked(folder.path)
    leftParked(folder.path)
    const retried = await run('retry', 'accounts', 'acme', ...said)
    expect([retried.code, retried.stderr]).toEqual([
      1,
      'daybook projections: acme is not parked in accounts: nothing was recorded.\n',
    ])
    const listed = JSON.parse((await run('list', '--json')).stdout)
    expect(listed.projections[1]).toMatchObject({ name: 'accounts', building: null })
    await using program = await startProgram(folder.path)
    const building = async () => {
      const { data } = JSON.parse(await textAt(`${program.url}/v1/projections`))
      return data[1].building
    }
    // A server takes some seconds to see that nobody fills it.
    expect(await building()).toMatchObject({ build: 9 })
    while ((await building()) !== null) await sleep(100)
  }, 60_000)

  it('prints what others recorded on its own line, whatever is in it', async () => {
    await using folder = await poisoned()
    await untilParked(folder.path)
    await using store = await openLog(configOf(folder), recordingLogger().logger)
    const what = { projection: 'accounts', version: 1, ledgerId: 'acme', revision: 4n } as const
    const recordedAt = '2026-03-01T12:00:00.000Z'
    const words = { actor: 'eve\u001b[1A', reason: 'none\nfindings 0\u009b2K', recordedAt }
    await recordAct(store, { act: 'skip', ...what, ...words }, undefined)
    const clean = 'eve\\u{1b}[1A: none\\u{a}findings 0\\u{9b}2K\n'
    const verified = await daybook(['verify-books'], { folder: folder.path })
    expect(verified.stdout).toContain(`accounts goes past it: ${clean}`)
    const listed = await daybook(['projections', 'list'], { folder: folder.path })
    expect(listed.stdout).toContain('by eve\\u{1b}[1A at 2026-03-01T12:00:00.000Z: none\\u{a}find')
    const given = ['projections', 'skip', 'accounts', 'acme', '--revision', '4', ...said]
    const { stderr } = await daybook(given, { folder: folder.path })
    expect(stderr).toContain('is skipped in accounts already, by eve\\u{1b}[1A at')
  }, 60_000)

  it.each(['\u001b[2K', 'a\nfindings 0', '\u009b2K', 'a\u2028b', '\u202eevil'])(
    'refuses %j within a reason',
    async (text) => {
      await using folder = await temporaryFolder()
      const given = ['retry', 'accounts', 'acme', '--actor', 'ann', '--reason', `x${text}x`]
      const { code, stderr } = await daybook(['projections', ...given], { folder: folder.path })
      const sentence = 'is one line of at most 500 characters, none of them control characters.'
      expect([code, stderr]).toEqual([2, `daybook projections: --reason ${sentence}\n`])
    },
  )

  it.each([
    [['lst'], 'there is no projections lst: is list meant?'],
    [['retry', 'acounts', 'acme', ...said], 'there is no projection acounts: is accounts meant?'],
    [['retry', 'accounts', 'acme'], '--actor ACTOR is missing: it is recorded.'],
    [['retry', 'accounts', ...said], 'LEDGER is missing.'],
    [['list', '--actor', 'ann'], 'list takes no --actor.'],
    [['list', '--revision', '4'], 'list takes no --revision.'],
    [['retry', 'accounts', 'acme', ...said, '--revision', '4'], 'retry takes no --revision.'],
    [['skip', 'accounts', 'acme', ...said, '--json'], 'skip takes no --json.'],
    [
      ['skip', 'accounts', 'acme', ...said],
      '--revision REVISION is missing: what to go past is said twice, so that it is meant.',
    ],
  ])('refuses %j', async (given, sentence) => {
    await using folder = await temporaryFolder()
    const { code, stderr } = await daybook(['projections', ...given], { folder: folder.path })
    expect([code, stderr]).toEqual([2, `daybook projections: ${sentence}\n`])
  })
})

async function textAt(url: string): Promise<string> {
  return (await fetch(url)).text()
}

/** A ledger with deposits from revision 3 to 6, of which a newer program wrote one. */
function unreadableAt(revision: bigint): Promise<Folder> {
  const newer = (text: string) => JSON.stringify({ ...JSON.parse(text), schemaVersion: 99 })
  return changedAt(revision, (event) => rewritten(event, newer))
}

/** The same, of which the bytes of one have changed. */
function damagedAt(revision: bigint): Promise<Folder> {
  return changedAt(revision, (event) => {
    const { id } = JSON.parse(event.json)
    return { ...event, id, json: event.json.replace('"writer":"', '"writer":"x') }
  })
}

type Folder = AsyncDisposable & { readonly path: string }

async function changedAt(
  revision: bigint,
  change: (event: StoredEvent) => EventToAppend,
): Promise<Folder> {
  await using known = await temporaryFolder()
  const rows = [...openingRows, ...['300', '50', '100', '150'].map((amount) => deposit(amount))]
  await daybook(['import', '-'], { folder: known.path, input: ndjson(rows) })
  const folder = await temporaryFolder()
  await using from = await openLog(configOf(known), recordingLogger().logger)
  await using to = await openLog(configOf(folder), recordingLogger().logger)
  const stream = ledgerStream('acme')
  const events = (await from.readStream(stream, 0n, 100)).map((event) =>
    event.revision === revision ? change(event) : rewritten(event, (text) => text),
  )
  await to.append(stream, events, 'no-stream')
  return folder
}

/** Runs the program until it has parked the ledger in the accounts. */
async function untilParked(folder: string): Promise<void> {
  await using program = await startProgram(folder)
  const account = `${program.url}/v1/ledgers/acme/accounts/bank`
  for (let code = ''; code !== 'parked'; )
    ({ code } = JSON.parse(await (await fetch(account)).text()))
  await program.stop()
}

/** In the accounts no ledger stands still but in a build that is filled no more. */
function leftParked(folder: string): void {
  using database = new DatabaseSync(join(folder, 'data', 'read-models.db'))
  database.exec(`
    INSERT INTO builds VALUES ('accounts', 1, 9, 'building', '2026-01-01T00:00:00.000Z');
    INSERT INTO checkpoints SELECT model, version, 9, ledger, revision, recorded_at,
      parked_revision, parked_reason FROM checkpoints WHERE model = 'accounts';
    UPDATE checkpoints SET parked_revision = NULL, parked_reason = NULL
      WHERE model = 'accounts' AND build = 1;
    INSERT OR REPLACE INTO leases VALUES ('builder', 'killed', 5);
  `)
}
