import { copyFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ndjson } from '#test/cli/daybook.ts'
import { runProgram, startProgram, temporaryFolder } from '#test/support/program.ts'

const refused = /made from a longer log .* applied \S+ revision 0 of .* delete read-models\.db/

describe('a log that was put back to an older one', () => {
  it('is refused by the start, and by the tools that would make it longer', async () => {
    await using folder = await temporaryFolder()
    const older = join(folder.path, 'older')
    await openedIn(folder.path, ['first'])
    await copyFile(logOf(folder.path), older)
    await openedIn(folder.path, ['second'])
    await putBack(older, folder.path)

    await expect(startProgram(folder.path)).rejects.toThrow(refused)
    const rows = join(folder.path, 'rows.ndjson')
    await writeFile(rows, ndjson(['third', 'fourth'].map(opening)))
    const said = ['--actor', 'ops@example.com', '--reason', 'INC-7']
    for (const given of [
      ['import', rows],
      ['projections', 'retry', 'accounts', 'first', ...said],
      ['projections', 'skip', 'accounts', 'first', '--revision', '0', ...said],
    ]) {
      const { code, output } = await runProgram(given, folder.path)
      expect([code, output]).toEqual([1, expect.stringMatching(refused)])
    }
    const dry = await runProgram(['import', rows, '--dry-run'], folder.path)
    expect([dry.code, dry.output]).toEqual([0, expect.stringContaining('accepted 2')])
    await expect(startProgram(folder.path)).rejects.toThrow(refused)

    for (const companion of ['', '-wal', '-shm'])
      await rm(join(folder.path, 'data', `read-models.db${companion}`), { force: true })
    const imported = await runProgram(['import', rows], folder.path)
    expect([imported.code, imported.output]).toEqual([0, expect.stringContaining('accepted 2')])
    await openedIn(folder.path, ['second'])
  })
})

describe('the log of another data folder', () => {
  it('is refused by the start, however long it is', async () => {
    await using folder = await temporaryFolder()
    await using other = await temporaryFolder()
    await openedIn(folder.path, ['shop'])
    await openedIn(other.path, ['shop', 'wallet', 'bank'])
    await putBack(logOf(other.path), folder.path)
    await expect(startProgram(folder.path)).rejects.toThrow(refused)
  })
})

function logOf(folder: string): string {
  return join(folder, 'data', 'log.db')
}

async function putBack(from: string, folder: string): Promise<void> {
  for (const companion of ['-wal', '-shm'])
    await rm(`${logOf(folder)}${companion}`, { force: true })
  await copyFile(from, logOf(folder))
}

function opening(ledgerId: string) {
  return { command: 'OpenLedger', ledgerId, name: ledgerId, assets: [] }
}

/** Runs the program, opens the ledgers, and waits until the read models have them. */
async function openedIn(folder: string, ledgerIds: readonly string[]): Promise<void> {
  await using program = await startProgram(folder)
  for (const ledgerId of ledgerIds) {
    await fetch(`${program.url}/v1/ledgers`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'open' },
      body: JSON.stringify({ ledgerId, name: ledgerId, assets: [] }),
    })
    const headers = { 'min-revision': '0' }
    expect((await fetch(`${program.url}/v1/ledgers/${ledgerId}`, { headers })).status).toBe(200)
  }
  await program.stop()
}
