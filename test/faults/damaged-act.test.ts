import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { daybook } from '#test/cli/daybook.ts'
import { poisoned } from '#test/cli/poisoned.ts'
import { flipBit, logOf, placeOf } from '#test/faults/damaged-log.ts'
import { startProgram } from '#test/support/program.ts'

const skip = ['skip', 'accounts', 'acme', '--revision', '4', '--actor', 'ops', '--reason', 'INC-7']
const sentence =
  'daybook-projections revision 0 is damaged: its bytes have changed; nobody acts on it\n'
const finding = 'daybook-projections revision 0: acts: its bytes have changed\n'

describe('a damaged act', () => {
  it.each([
    ['is no JSON any more', '{"act":"skip"', { byte: 0, bit: 0 }],
    ['is of another revision', '"revision":"4","version"', { byte: 12, bit: 0 }],
  ])(
    'that %s stops neither the program nor another act, and is named',
    async (_, text, at) => {
      await using folder = await skipped()
      flipBit(logOf(folder.path), { ...at, byte: placeOf(folder.path, text) + at.byte })
      anew(folder.path)
      const run = (...given: string[]) => daybook(given, { folder: folder.path })
      await using program = await startProgram(folder.path)
      await untilStatus(program.url, 503)
      expect((await fetch(`${program.url}/v1/projections`)).status).toBe(200)
      const named = program.lines.filter((line) => line.includes('a recorded act is damaged'))
      expect(named).toEqual([expect.stringContaining('daybook-projections')])

      const listed = await run('projections', 'list')
      expect([listed.code, listed.stdout]).toEqual([0, expect.stringContaining(sentence)])
      const verified = await run('verify-books')
      expect([verified.code, verified.stdout]).toEqual([1, expect.stringContaining(finding)])
      expect((await run('rebuild', 'accounts', '--check')).code).toBe(0)

      const again = await run('projections', ...skip)
      expect([again.code, again.stdout]).toEqual([
        0,
        'acme goes on in accounts, now at revision 5.\n',
      ])
      await untilStatus(program.url, 200)
      expect(await program.stop()).toEqual({ code: 0, signal: null })
    },
    60_000,
  )

  it('is recorded again where what serves has gone past the event already', async () => {
    await using folder = await skipped()
    flipBit(logOf(folder.path), { byte: placeOf(folder.path, '{"act":"skip"'), bit: 0 })
    const run = (...given: string[]) => daybook(given, { folder: folder.path })
    await using program = await startProgram(folder.path)
    await untilStatus(program.url, 200)
    expect((await run('rebuild', 'accounts', '--check')).code).toBe(1)
    const other = await run('projections', ...skip.with(4, '3'))
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('is not parked')])
    const again = await run('projections', ...skip)
    expect([again.code, again.stdout]).toEqual([
      0,
      'acme goes on in accounts, now at revision 5.\n',
    ])
    expect((await run('rebuild', 'accounts', '--check')).code).toBe(0)
    expect((await run('verify-books')).stdout).not.toContain('read-model: accounts')
    const late = await run('projections', ...skip)
    expect([late.code, late.stderr]).toEqual([1, expect.stringContaining('is skipped in accounts')])
  }, 60_000)
})

/** A ledger that goes past an event in the accounts because somebody said so. */
async function skipped() {
  const folder = await poisoned()
  await using program = await startProgram(folder.path)
  await untilStatus(program.url, 503)
  expect((await daybook(['projections', ...skip], { folder: folder.path })).code).toBe(0)
  await program.stop()
  return folder
}

/** Read models that are made anew. */
function anew(folder: string): void {
  for (const companion of ['', '-wal', '-shm'])
    rmSync(join(folder, 'data', `read-models.db${companion}`), { force: true })
}

async function untilStatus(url: string, wanted: number): Promise<void> {
  while ((await fetch(`${url}/v1/ledgers/acme/accounts/bank`)).status !== wanted) await sleep(50)
}
