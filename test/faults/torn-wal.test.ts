import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { checkLedger } from '#test/support/history-checker.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { runProgram, startProgram, temporaryFolder } from '#test/support/program.ts'

type Killed = { readonly load: Load; readonly wal: string; readonly acknowledgedEnd: number }

/**
 * A program that was killed at rest, with everything that it acknowledged in its WAL. `acknowledgedEnd` is where the
 * last acknowledged commit ends.
 */
async function killedAtRest(path: string): Promise<Killed> {
  await using program = await startProgram(path)
  using api = new ApiClient(program.url)
  const load = new Load(['torn'])
  await load.prepare(api)
  const stop = new AbortController()
  const running = load.run(api, stop.signal, 4)
  await load.acknowledges(60, 60_000)
  stop.abort()
  await running
  await load.settle(api)
  await api.get('/v1/ledgers/torn/accounts', { 'min-revision': `${await headOf(api)}` })
  await program.kill()
  const wal = join(path, 'data', 'log.db-wal')
  return { load, wal, acknowledgedEnd: statSync(wal).size }
}

async function headOf(api: ApiClient): Promise<bigint> {
  return (await api.get('/v1/ledgers/torn/events?limit=1')).revision
}

describe('a torn or flipped WAL tail', () => {
  it('behind the last acknowledged commit costs nothing', { timeout: 120_000 }, async () => {
    await using folder = await temporaryFolder()
    const { load, wal } = await killedAtRest(folder.path)
    // What a commit leaves that was killed while it wrote: the beginning of frames, cut anywhere, or other bytes.
    const whole = readFileSync(wal)
    const frame = whole.subarray(-4_120)
    writeFileSync(wal, Buffer.concat([whole, frame, frame.subarray(0, 1_000)]))

    await using program = await startProgram(folder.path)
    using api = new ApiClient(program.url)
    expect(await checkLedger(api, 'torn', load.attempts)).toEqual([])
    await program.stop()
    const audit = await runProgram(['verify-books'], folder.path)
    expect([audit.code, audit.output]).toEqual([0, expect.stringMatching(/\d/)])
  })

  it.for([
    ['torn WAL tail', (wal: string, at: number) => truncateSync(wal, at)],
    ['flipped WAL tail', flipAt],
  ] as const)(
    'in acknowledged commits, a %s is noticed by the read models, which had more',
    { timeout: 120_000 },
    async ([, damage]) => {
      await using folder = await temporaryFolder()
      const { wal, acknowledgedEnd } = await killedAtRest(folder.path)
      damage(wal, acknowledgedEnd - 6_000)
      await expect(startProgram(folder.path)).rejects.toThrow(
        /read models were made from a longer log than this one, .* have applied torn revision \d+ of /,
      )
      const audit = await runProgram(['verify-books'], folder.path)
      expect([audit.code, audit.output]).toEqual([
        1,
        expect.stringMatching(/has applied revision \d+, the log ends at \d+/),
      ])
    },
  )

  it('in acknowledged commits is noticed where the place up to which they were read was not saved', {
    timeout: 120_000,
  }, async () => {
    await using folder = await temporaryFolder()
    const { wal, acknowledgedEnd } = await killedAtRest(folder.path)
    truncateSync(wal, acknowledgedEnd - 6_000)
    // What a kill leaves between the commit of the read models and their place in the log.
    using readModels = new DatabaseSync(join(folder.path, 'data', 'read-models.db'))
    readModels.exec("UPDATE feeds SET position = 1 WHERE feed = 'projector'")
    await expect(startProgram(folder.path)).rejects.toThrow(/have applied torn revision \d+ of /)
  })
})

function flipAt(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
}
