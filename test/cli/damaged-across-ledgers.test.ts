import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { daybook, ndjson, openingRows } from '#test/cli/daybook.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'

const ledgerIds = ['acme', 'umbra']

it('a hold whose stored document is damaged expires, and so do those of other ledgers', async () => {
  await using folder = await temporaryFolder()
  const expiresAt = new Date(Date.now() + 6_000).toISOString()
  await projected(folder.path, [{ command: 'PlaceHold', postings: [posting('40')], expiresAt }])
  damage(folder.path, `holds_v1 SET document = replace(document, '"40"', '"41"')`)
  await using program = await startProgram(folder.path)
  for (const ledgerId of ledgerIds) {
    const events = async () => {
      return (await fetch(`${program.url}/v1/ledgers/${ledgerId}/events`)).text()
    }
    await expect.poll(events, { timeout: 20_000 }).toContain('HoldExpired')
  }
}, 60_000)

it('a ledger whose stored document is damaged has a line that says so, and hides no other', async () => {
  await using folder = await temporaryFolder()
  await projected(folder.path, [])
  damage(folder.path, `ledgers_v1 SET document = replace(document, '{}', '[]')`)
  await using program = await startProgram(folder.path)
  const { data } = JSON.parse(await (await fetch(`${program.url}/v1/ledgers`)).text())
  expect(data).toMatchObject([
    { ledgerId: 'acme', damaged: true },
    { ledgerId: 'umbra', name: expect.any(String), metadata: {} },
  ])
  expect(Object.keys(data[0])).toEqual(['ledgerId', 'damaged'])
  expect((await fetch(`${program.url}/v1/ledgers/acme`)).status).toBe(503)
  expect((await fetch(`${program.url}/v1/ledgers/umbra`)).status).toBe(200)
}, 60_000)

/** Two ledgers with the same rows, their read models up with the log, and nobody at work. */
async function projected(folder: string, rows: readonly object[]): Promise<void> {
  const all = ledgerIds.flatMap((ledgerId) =>
    [...openingRows, ...rows].map((row) => ({ ...row, ledgerId })),
  )
  const imported = await daybook(['import', '-'], { folder, input: ndjson(all) })
  expect(imported).toMatchObject({ code: 0 })
  await using program = await startProgram(folder)
  const lag = async () => {
    const { data } = JSON.parse(await (await fetch(`${program.url}/v1/projections`)).text())
    return data.every((each: { lagEvents: number }) => each.lagEvents === 0)
  }
  await expect.poll(lag, { timeout: 10_000 }).toBe(true)
  await program.stop()
}

function damage(folder: string, change: string): void {
  using database = new DatabaseSync(join(folder, 'data', 'read-models.db'))
  const acme = `(SELECT number FROM ledger_numbers WHERE ledger_id = 'acme')`
  expect(database.prepare(`UPDATE ${change} WHERE ledger = ${acme}`).run().changes).toBe(1)
}

function posting(amount: string) {
  return { debit: 'bank', credit: 'equity', asset: 'EUR/2', amount }
}
