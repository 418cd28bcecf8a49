import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startProgram, temporaryFolder } from '#test/support/program.ts'

it('refuses read models that know more than a log that was put back to an older one', async () => {
  await using folder = await temporaryFolder()
  const data = join(folder.path, 'data')
  const log = join(data, 'log.db')
  const opened = await startProgram(folder.path)
  await open(opened.url, 'first')
  await opened.stop()
  await copyFile(log, join(folder.path, 'older'))
  const gone = await startProgram(folder.path)
  await open(gone.url, 'second')
  await gone.stop()
  for (const companion of ['log.db-wal', 'log.db-shm'])
    await rm(join(data, companion), { force: true })
  await copyFile(join(folder.path, 'older'), log)
  await expect(startProgram(folder.path)).rejects.toThrow(/delete read-models\.db/)
})

/** Opens a ledger and waits until the read models have it. */
async function open(url: string, ledgerId: string): Promise<void> {
  await fetch(`${url}/v1/ledgers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'open' },
    body: JSON.stringify({ ledgerId, name: ledgerId, assets: [] }),
  })
  const read = await fetch(`${url}/v1/ledgers/${ledgerId}`, { headers: { 'min-revision': '0' } })
  expect(read.status).toBe(200)
}
