import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { daybook, deposit, ndjson, openingRows } from '#test/cli/daybook.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'
import { aNamespace } from '#test/support/servers/namespace.ts'

const ledgerIds = ['acme', 'umbra']

type Damage = (folder: string) => Promise<void>

describe('SQLite: a stored document that is no JSON any more', () => {
  it('stops its ledger in its read model alone, until that is rebuilt', async () => {
    await expectHealed({}, async (folder) => {
      using database = new DatabaseSync(join(folder, 'data', 'read-models.db'), { timeout: 5_000 })
      database.exec(`UPDATE accounts_v1 SET document = 'nonsense' WHERE f_accountId = 'bank'
        AND ledger = (SELECT number FROM ledger_numbers WHERE ledger_id = 'acme')`)
    })
  }, 60_000)
})

describeWith(['mongodb'], 'MongoDB: a row without its document', (servers) => {
  it('stops its ledger in its read model alone, until that is rebuilt', async () => {
    const { url } = servers.mongodb()
    const database = aNamespace()
    await using client = await new MongoClient(url).connect()
    const settings = { DAYBOOK_READ_MODELS: url, DAYBOOK_NAMESPACE: database }
    await expectHealed(settings, async () => {
      const rows = client.db(database).collection<{ _id: string }>('accounts_v1')
      await rows.updateOne({ _id: 'acme/bank' }, { $unset: { document: '' } })
    })
    await client.db(database).dropDatabase()
  }, 60_000)
})

async function expectHealed(settings: Record<string, string>, damage: Damage): Promise<void> {
  await using folder = await temporaryFolder()
  const run = { folder: folder.path, settings }
  await imported(run, [...openingRows, deposit('100')])
  await using program = await startProgram(folder.path, settings)
  expect(await parkedOnceBehind(program.url, 0)).toEqual([])
  await damage(folder.path)
  const checked = await daybook(['rebuild', 'accounts', '--check'], run)
  expect([checked.code, checked.stderr]).toEqual([1, ''])
  expect(checked.stdout).toContain('acme: bank, damaged or found by other fields than it has\n')

  await imported(run, [deposit('50')])
  const reason = 'the document bank of ledger acme in accounts is damaged: rebuild accounts'
  const parked = [{ ledgerId: 'acme', revision: '4', reason }]
  expect(await parkedOnceBehind(program.url, 1)).toEqual(parked)

  expect(await daybook(['rebuild', 'accounts'], run)).toMatchObject({ code: 0 })
  expect(await parkedOnceBehind(program.url, 0)).toEqual([])
  const mended = await daybook(['rebuild', '--all', '--check'], run)
  expect([mended.code, mended.stderr]).toEqual([0, ''])
}

type Run = { readonly folder: string; readonly settings: Record<string, string> }

async function imported(run: Run, rows: readonly object[]): Promise<void> {
  const all = ledgerIds.flatMap((ledgerId) => rows.map((row) => ({ ...row, ledgerId })))
  expect(await daybook(['import', '-'], { ...run, input: ndjson(all) })).toMatchObject({ code: 0 })
}

/** What is parked in `accounts` once that is so many events behind, and all else none. */
async function parkedOnceBehind(url: string, events: number): Promise<unknown> {
  for (;;) {
    const { data } = JSON.parse(await (await fetch(`${url}/v1/projections`)).text())
    const isThere = (each: { name: string; lagEvents: number }) =>
      each.lagEvents === (each.name === 'accounts' ? events : 0)
    const accounts = data.find(({ name }: { name: string }) => name === 'accounts')
    if (data.every(isThere)) return accounts.parkedLedgers
    await sleep(50)
  }
}
