import { copyFileSync, readFileSync, rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { everythingSeen, flipBit, logOf, placeOf, writtenBefore } from '#test/faults/damaged-log.ts'
import { checkLedger } from '#test/support/history-checker.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { openLiveLog } from '#test/support/http-client-events.ts'
import type { Load } from '#test/support/load.ts'
import { usually } from '#test/support/long-runs.ts'
import { runProgram, startProgram, temporaryFolder } from '#test/support/program.ts'

const flips = usually(100, { long: 5_000 })
const ledgerIds = ['north', 'south']
const streams = ledgerIds.map((ledgerId) => `ledger-${ledgerId}`)

describe('a bit flip in an old page of the log', () => {
  it(`is never read as something else: ${flips} flips at random`, async () => {
    await using folder = await temporaryFolder()
    await writtenBefore(folder.path, ledgerIds, 300)
    const path = logOf(folder.path)
    const size = readFileSync(path).length
    const whole = await everythingSeen(join(folder.path, 'data'), streams)
    expect(whole.refusals).toEqual([])
    expect(whole.events.size).toBeGreaterThan(300)

    const other = join(folder.path, 'other')
    let noticed = 0
    for (let flip = 0; flip < flips; flip += 1) {
      rmSync(other, { recursive: true, force: true })
      await mkdir(other)
      copyFileSync(path, join(other, 'log.db'))
      const at = { byte: Math.floor(Math.random() * size), bit: Math.floor(Math.random() * 8) }
      flipBit(join(other, 'log.db'), at)
      const seen = await everythingSeen(other, streams)
      const changed = [...seen.events].filter(([place, json]) => whole.events.get(place) !== json)
      expect({ at, changed }).toEqual({ at, changed: [] })
      const isWhole = seen.events.size === whole.events.size
      expect({ at, isWhole: isWhole || seen.refusals.length > 0 }).toEqual({ at, isWhole: true })
      for (const refusal of seen.refusals)
        expect(refusal).toMatch(/^(EventLogDamaged|EventLogRefused|EventStoreUnavailable): /)
      if (seen.refusals.length > 0) noticed += 1
    }
    expect(noticed).toBeGreaterThan(flips / 4)
  }, 300_000)

  it('is named, and stops its ledger and no other', async () => {
    await using folder = await temporaryFolder()
    const load = await writtenBefore(folder.path, ledgerIds, 100)
    const known = postedIn(load, 'north')
    const revision = `${known.acknowledged?.revision}`
    // Under another key, a retry would have a second effect.
    const byte = placeOf(folder.path, `"key":"${known.key}"}`) + '"key":"'.length
    flipBit(logOf(folder.path), { byte, bit: 0 })

    await using program = await startProgram(folder.path)
    using api = new ApiClient(program.url)
    const damaged = { status: 503, code: 'log-damaged', revision }
    const seen = async (asked: ReturnType<ApiClient['get']>) => {
      const answer = await asked
      return {
        status: answer.status,
        code: answer.at('code'),
        revision: answer.at('context', 'revision'),
      }
    }
    const events = '/v1/ledgers/north/events'
    expect(await seen(api.get(`${events}/${revision}`))).toEqual(damaged)
    expect(await seen(api.get(`${events}?after=${Number(revision) - 1}`))).toEqual(damaged)
    const before = await api.get(`${events}?limit=200`)
    expect(before.at('data', Number(revision) - 1, 'revision')).toBe(`${Number(revision) - 1}`)
    expect(before.at('data', Number(revision))).toBeUndefined()
    using live = await openLiveLog(`${program.url}${events}`)
    await live.ended
    expect(live.events).toHaveLength(Number(revision))

    const again = { 'idempotency-key': known.key }
    expect(await seen(api.post(known.path, known.body, again))).toEqual(damaged)
    expect(await seen(api.post(known.path, known.body, { 'idempotency-key': 'new' }))).toEqual(
      damaged,
    )
    expect(
      await checkLedger(
        api,
        'south',
        load.attempts.filter(({ ledgerId }) => ledgerId === 'south'),
      ),
    ).toEqual([])
    const other = known.path.replace('north', 'south')
    expect((await api.post(other, known.body, { 'idempotency-key': 'other' })).status).toBe(201)
    expect((await api.get('/health/ready')).status).toBe(200)
    expect(program.lines.join()).toMatch(/ledger-north.*the event log is damaged/)
    await program.stop()

    const audit = await runProgram(['verify-books', '--ledger', 'north'], folder.path)
    expect(audit.code).toBe(1)
    expect(audit.output).toContain(`north revision ${revision}: event-id: `)
    const sound = await runProgram(['verify-books', '--ledger', 'south'], folder.path)
    expect([sound.code, sound.output]).toEqual([0, expect.any(String)])
    const exported = await runProgram(['export', '--ledger', 'north'], folder.path)
    expect(exported.code).toBe(1)
    expect(exported.output).toContain(`is damaged at ledger-north revision ${revision}`)
  }, 60_000)

  it('parks its ledger in read models that are made anew, and no other', async () => {
    await using folder = await temporaryFolder()
    const load = await writtenBefore(folder.path, ledgerIds, 100)
    const { key } = postedIn(load, 'north')
    const byte = placeOf(folder.path, `"key":"${key}"}`) + '"key":"'.length
    flipBit(logOf(folder.path), { byte, bit: 0 })
    for (const companion of ['', '-wal', '-shm'])
      rmSync(join(folder.path, 'data', `read-models.db${companion}`), { force: true })

    await using program = await startProgram(folder.path)
    using api = new ApiClient(program.url)
    expect(await checkLedger(api, 'south', load.attempts)).toEqual([])
    const asked = () => api.get('/v1/ledgers/north/accounts', { 'min-revision': '0' })
    let parked = await asked()
    // The sound events before it are shown until the projector comes to it.
    for (let tries = 0; tries < 100 && parked.status === 200; tries += 1) {
      await sleep(100)
      parked = await asked()
    }
    expect([parked.status, parked.string('code')]).toEqual([503, 'parked'])
    expect(parked.string('context', 'reason')).toBe('the event is damaged: its bytes have changed')
  }, 60_000)
})

/** A transaction of the load that was accepted. */
function postedIn(load: Load, wanted: string) {
  const known = load.attempts.find(
    ({ ledgerId, request, acknowledged }) =>
      ledgerId === wanted &&
      request['command'] === 'PostTransaction' &&
      acknowledged?.status === 201,
  )
  if (known === undefined) throw new Error('the load posted nothing')
  return known
}
