import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { daybook, deposit, ndjson, openingRows } from '#test/cli/daybook.ts'
import { temporaryFolder } from '#test/support/program.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'
import { aNamespace } from '#test/support/servers/namespace.ts'

describeWith(['eventstoredb'], 'the tools, where the log is in EventStoreDB', (servers) => {
  it('import, export, replay and verify as from a folder, and leave backups to the server', async () => {
    await using folder = await temporaryFolder()
    const settings = {
      DAYBOOK_EVENT_STORE: servers.eventstoredb().url,
      DAYBOOK_NAMESPACE: aNamespace(),
    }
    const run = { folder: folder.path, settings }
    const rows = [
      ...openingRows,
      ...Array.from({ length: 600 }, (_, index) => deposit(String(index + 1))),
    ]
    await writeFile(join(folder.path, 'rows.ndjson'), ndjson(rows))
    const whole = 'accepted 603, replayed 0, refused 0, malformed 0\n'

    const rehearsed = await daybook(['import', 'rows.ndjson', '--dry-run'], run)
    expect([rehearsed.code, rehearsed.stdout, rehearsed.stderr]).toEqual([
      0,
      `dry run: ${whole}`,
      '',
    ])
    const nothing = await daybook(['export'], run)
    expect([nothing.code, nothing.stdout]).toEqual([0, ''])

    const imported = await daybook(['import', 'rows.ndjson'], run)
    expect([imported.code, imported.stdout, imported.stderr]).toEqual([0, whole, ''])
    const again = await daybook(['import', 'rows.ndjson', '--dry-run'], run)
    expect(again.stdout).toBe('dry run: accepted 0, replayed 603, refused 0, malformed 0\n')

    const exported = await daybook(['export', '--output', 'log.ndjson'], run)
    expect(exported.code).toBe(0)
    const events = (await readFile(join(folder.path, 'log.ndjson'), 'utf8')).trimEnd().split('\n')
    expect(events.map((line) => JSON.parse(line).revision)).toEqual(rows.map((_, at) => `${at}`))

    const replayed = await daybook(['replay', '--ledger', 'acme', '--format', 'json'], run)
    expect(replayed.code).toBe(0)
    expect(JSON.parse(replayed.stdout)).toMatchObject({
      revision: '602',
      ledger: { ledgerId: 'acme' },
    })

    const verified = await daybook(['verify-books'], run)
    expect(verified).toMatchObject({ code: 0 })

    const backup = await daybook(['backup', 'copy'], run)
    expect([backup.code, backup.stdout, backup.stderr]).toEqual([
      1,
      '',
      'daybook backup: the log is in EventStoreDB, not in a folder: back it up with the tools of EventStoreDB.\n',
    ])
  }, 120_000)

  it('say in one sentence that it can’t be reached', async () => {
    await using folder = await temporaryFolder()
    const settings = { DAYBOOK_EVENT_STORE: 'esdb://ann:opensesame@127.0.0.1:9?tls=false' }
    await writeFile(join(folder.path, 'rows.ndjson'), ndjson(openingRows))
    for (const given of [
      ['export'],
      ['verify-books'],
      ['replay', '--ledger', 'acme'],
      ['import', 'rows.ndjson'],
      ['import', 'rows.ndjson', '--dry-run'],
    ]) {
      const { code, stdout, stderr } = await daybook(given, { folder: folder.path, settings })
      expect([code, stdout]).toEqual([1, ''])
      expect(stderr).toMatch(
        /^daybook \S+: the event store \(EventStoreDB at 127\.0\.0\.1:9\): .*\n$/,
      )
      expect(stderr).not.toContain('opensesame')
    }
  }, 120_000)
})
