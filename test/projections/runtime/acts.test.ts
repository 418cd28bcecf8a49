import { describe, expect, it } from 'vitest'
import { eventId } from '#events/event-id.ts'
import { projectionsStream } from '#events/stream-names.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import { ActLog } from '#projections/runtime/act-log.ts'
import { type ProjectionAct, readActs, recordAct } from '#projections/runtime/acts.ts'
import { canonicalJson } from '#values/canonical-json.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { rewritten, streamsOf } from '#test/support/stored-events.ts'

const skip: ProjectionAct = {
  act: 'skip',
  projection: 'holds',
  version: 1,
  ledgerId: 'acme',
  revision: 19n,
  actor: 'ops@example.com',
  reason: 'INC-7: ","id":"x"',
  recordedAt: '2026-03-01T12:00:00.000Z',
}

/** What is stored of three acts: skips at revision 19, 20 and 21. */
async function threeSkips(): Promise<readonly [StoredEvent, StoredEvent, StoredEvent]> {
  const store = new MemoryEventStore()
  let place: bigint | undefined
  for (const revision of [19n, 20n, 21n])
    place = await recordAct(store, { ...skip, revision }, place)
  const [first, second, third] = store.eventsOf(projectionsStream)
  if (first === undefined || second === undefined || third === undefined)
    throw new Error('three acts were recorded')
  return [first, second, third]
}

/** Which revisions are skipped, and what was damaged. */
async function taken(events: readonly StoredEvent[]) {
  const { logger, lines } = recordingLogger()
  const acts = new ActLog(streamsOf(events), logger)
  await acts.refresh()
  await acts.refresh()
  return {
    skipped: acts.skips.map(({ revision }) => revision),
    after: acts.after(0n).map(({ revision }) => revision),
    damaged: acts.damaged,
    place: acts.place,
    lines,
  }
}

const bytes = 'its bytes have changed'

describe('an act as it is recorded', () => {
  it('is read as it was, with its place', async () => {
    const events = await threeSkips()
    expect(await readActs(streamsOf(events.slice(0, 1)))).toEqual([
      expect.objectContaining({ ...skip, place: 0n }),
    ])
    expect(await taken(events)).toEqual({
      skipped: [19n, 20n, 21n],
      after: [20n, 21n],
      damaged: [],
      place: 2n,
      lines: [],
    })
  })

  it('has an id that its content makes, which never stands for two contents', async () => {
    const events = await threeSkips()
    const ids = events.map(({ json }) => {
      const { id, ...rest } = JSON.parse(json)
      expect(id).toBe(eventId(canonicalJson(rest)))
      return id
    })
    expect(new Set(ids).size).toBe(3)
  })
})

describe('a damaged act', () => {
  it('is one of which any character is another one: nobody acts on it', async () => {
    const [, sound] = await threeSkips()
    for (let at = 0; at < sound.json.length; at += 1) {
      const other = sound.json[at] === '1' ? '2' : '1'
      const json = sound.json.slice(0, at) + other + sound.json.slice(at + 1)
      expect(await readActs(streamsOf([{ ...sound, json }]), 0n)).toEqual([
        { place: 1n, damage: bytes },
      ])
    }
  })

  it('stops no other, and is told of once', async () => {
    const [first, second, third] = await threeSkips()
    const { lines, ...all } = await taken([first, { ...second, json: '{' }, third])
    const damaged = [{ place: 1n, damage: bytes }]
    expect(all).toEqual({ skipped: [19n, 21n], after: [21n], damaged, place: 2n })
    expect(lines).toEqual([
      {
        level: 'error',
        message: 'a recorded act is damaged: nobody acts on it',
        fields: { stream: projectionsStream, revision: '1', reason: bytes },
      },
    ])
  })

  it('is one that is missing, stands elsewhere, or was never written by this program', async () => {
    const [first, second, third] = await threeSkips()
    const damageOf = async (...events: readonly StoredEvent[]) => (await taken(events)).damaged
    expect(await damageOf(first, third)).toEqual([{ place: 1n, damage: 'it is missing' }])
    const elsewhere = [{ place: 1n, damage: 'it is an act of another place' }]
    expect(await damageOf(first, { ...first, revision: 1n })).toEqual(elsewhere)
    expect(await damageOf(first, { ...second, type: 'ProjectionRetried' })).toEqual(elsewhere)
    const otherwise = (from: string, to: string) =>
      rewritten(second, (json) =>
        JSON.stringify({ ...JSON.parse(json.replace(from, to)), type: second.type }),
      )
    for (const [from, to] of [
      ['"act":"skip"', '"act":"undo"'],
      ['"revision":"20"', '"revision":"2y"'],
      ['"version":1', '"version":null'],
      ['"actor":"ops@example.com"', '"actor":7'],
    ] as const)
      expect(await damageOf(first, otherwise(from, to))).toEqual([
        { place: 1n, damage: 'it says what no act of this version does' },
      ])
  })

  it('is one under a random id: nothing proves what it says', async () => {
    const [first] = await threeSkips()
    const json = canonicalJson({ ...JSON.parse(first.json), id: crypto.randomUUID() })
    expect((await taken([{ ...first, json }])).damaged).toEqual([{ place: 0n, damage: bytes }])
  })
})
