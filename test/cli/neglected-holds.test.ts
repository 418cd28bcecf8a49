import { expect, it } from 'vitest'
import { openLog } from '#compose/stores.ts'
import { holds } from '#projections/holds.ts'
import { recordAct } from '#projections/runtime/acts.ts'
import { daybook, ndjson, openingRows } from '#test/cli/daybook.ts'
import { configOf } from '#test/cli/poisoned.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

it('a hold that was skipped in the read model of holds expires all the same', async () => {
  await using folder = await temporaryFolder()
  const expiresAt = new Date(Date.now() + 1_500).toISOString()
  const postings = [{ debit: 'bank', credit: 'equity', asset: 'EUR/2', amount: '40' }]
  const placed = { command: 'PlaceHold', ledgerId: 'acme', postings, expiresAt }
  const imported = await daybook(['import', '-'], {
    folder: folder.path,
    input: ndjson([...openingRows, placed]),
  })
  expect(imported).toMatchObject({ code: 0 })
  await skipPlacing(folder)
  await using program = await startProgram(folder.path)
  const ledger = `${program.url}/v1/ledgers/acme`
  const events = async () => (await fetch(`${ledger}/events`)).text()
  await expect.poll(events, { timeout: 15_000 }).toContain('HoldExpired')
})

async function skipPlacing(folder: { readonly path: string }): Promise<void> {
  await using store = await openLog(configOf(folder), recordingLogger().logger)
  const { name: projection, version } = holds
  const said = { actor: 'ops', reason: 'a test', recordedAt: new Date().toISOString() }
  const act = { act: 'skip', projection, version, ledgerId: 'acme', revision: 3n, ...said } as const
  await recordAct(store, act, undefined)
}
