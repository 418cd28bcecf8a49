import { describe, expect, it } from 'vitest'
import { openLog } from '#compose/stores.ts'
import { parseConfig } from '#config.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { daybook, deposit, ndjson, openingRows } from '#test/cli/daybook.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { rewritten } from '#test/support/stored-events.ts'

const said = ['--actor', 'ops@example.com', '--reason', 'INC-7']

describe('daybook projections', () => {
  it('lists, retries and skips the event at which a ledger stands still', async () => {
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

  it.each([
    [['lst'], 'there is no projections lst: is list meant?'],
    [['retry', 'acounts', 'acme', ...said], 'there is no projection acounts: is accounts meant?'],
    [['retry', 'accounts', 'acme'], '--actor ACTOR is missing: it is recorded.'],
    [['retry', 'accounts', ...said], 'LEDGER is missing.'],
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

/** A ledger with an event at revision 4 that no program knows, and a right one behind it. */
async function poisoned(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await temporaryFolder()
  const rows = [...openingRows, deposit('100')]
  await daybook(['import', '-'], { folder: folder.path, input: ndjson(rows) })
  const config = parseConfig({ DAYBOOK_DATA: `${folder.path}/data` })
  await using store = await openLog(config, recordingLogger().logger)
  const stream = ledgerStream('acme')
  const [last] = await store.readStream(stream, 3n, 1)
  if (last === undefined) throw new Error('there is no event at revision 3')
  for (const [revision, type] of [
    [4n, 'TheftPlanned'],
    [5n, 'TransactionPosted'],
  ] as const) {
    const { id, json } = rewritten(last, (text) =>
      JSON.stringify({ ...JSON.parse(text), type, revision: `${revision}` }),
    )
    await store.append(stream, [{ id, type, json }], revision - 1n)
  }
  return folder
}
