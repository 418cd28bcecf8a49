import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { daybook } from '#test/cli/daybook.ts'
import { flipBit, logOf, placeOf, writtenBefore } from '#test/faults/damaged-log.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'

const all = [
  'ledgers',
  'accounts',
  'transactions',
  'holds',
  'entries',
  'trial-balances',
  'commands',
]

describe('rebuilding read models from a log with a damaged event', () => {
  it('parks its ledger there, as the projector did, and no other', async () => {
    await using folder = await temporaryFolder()
    const revision = await damaged(folder.path)
    for (const file of ['read-models.db', 'read-models.db-wal', 'read-models.db-shm'])
      rmSync(join(folder.path, 'data', file), { force: true })
    const first = await daybook(['rebuild', '--all'], { folder: folder.path })
    expect(first.code).toBe(0)
    expect(await parked(folder.path)).toEqual(all.map((name) => ({ name, north: revision })))
    const listed = await daybook(['projections', 'list'], { folder: folder.path })
    const sentence = `holds: north is parked at revision ${revision}: the event is damaged`
    expect([listed.code, listed.stdout]).toEqual([0, expect.stringContaining(sentence)])
    const again = await daybook(['rebuild', '--all', '--json'], { folder: folder.path })
    expect(again.code).toBe(0)
    const { projections } = JSON.parse(again.stdout)
    for (const each of projections)
      expect(each).toMatchObject({ build: 2, serves: true, comparison: { differences: [] } })
    expect(await daybook(['rebuild', '--all', '--check'], { folder: folder.path })).toMatchObject({
      code: 0,
    })
    expect(await parked(folder.path)).toEqual(all.map((name) => ({ name, north: revision })))
  }, 120_000)

  it('names it where the live models had it before it was damaged, and leaves these alone', async () => {
    await using folder = await temporaryFolder()
    const revision = await damaged(folder.path)
    for (const flags of [['--all'], ['--all', '--check']]) {
      const { code, stderr } = await daybook(['rebuild', ...flags], { folder: folder.path })
      expect(code).toBe(1)
      expect(stderr).toContain(`the event log is damaged at ledger-north revision ${revision}`)
    }
    expect(await parked(folder.path)).toEqual([])
  }, 120_000)
})

/** Has a program write and project two ledgers, and then changes a bit of the first; resolves to the revision. */
async function damaged(folder: string): Promise<string> {
  const load = await writtenBefore(folder, ['north', 'south'], 100)
  const known = load.attempts.find(
    ({ ledgerId, request, acknowledged }) =>
      ledgerId === 'north' &&
      request['command'] === 'PostTransaction' &&
      acknowledged?.status === 201,
  )
  if (known === undefined) throw new Error('the load posted nothing')
  const byte = placeOf(folder, `"key":"${known.key}"}`) + '"key":"'.length
  flipBit(logOf(folder), { byte, bit: 0 })
  return `${known.acknowledged?.revision}`
}

/** Where ledgers stand still, by read model. */
async function parked(folder: string) {
  await using program = await startProgram(folder)
  using api = new ApiClient(program.url)
  const { data } = JSON.parse((await api.get('/v1/projections')).text)
  await program.stop()
  return data.flatMap(({ name, parkedLedgers }: Status) =>
    parkedLedgers.map(({ ledgerId, revision }) => ({ name, [ledgerId]: revision })),
  )
}

type Status = {
  readonly name: string
  readonly parkedLedgers: readonly { readonly ledgerId: string; readonly revision: string }[]
}
