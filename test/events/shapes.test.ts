import { globSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { currentVersions } from '#events/ledger-event.ts'
import { goldenEvents, mapsIn, pinnedShape, retiredTypes, shapeFile } from '#test/events/pinned.ts'
import { differences, misfits, shapeOf } from '#test/events/shape.ts'
import { type Written, writtenEvents } from '#test/events/written-events.ts'

const guide = 'See docs/guides/evolving-events.md.'
const types = Object.entries(currentVersions)

let written: readonly Written[] = []
beforeAll(async () => {
  written = await writtenEvents()
})

describe('what the program stores', () => {
  it.each(types)('is, for %s version %i, of the shape that is pinned', (type, version) => {
    const events = written.filter((event) => event.type === type)
    const retired = retiredTypes.some((each) => each === type)
    const advice = retired
      ? `${type} is retired: no command may write it. ${guide}`
      : `No command of test/events/written-events.ts writes ${type}. Write it there, or retire it. ${guide}`
    expect(events.length > 0, advice).toBe(!retired)
    if (retired) return
    expect(new Set(events.map(({ schemaVersion }) => schemaVersion))).toEqual(new Set([version]))
    const shape = shapeOf(
      events.map(({ data }) => data),
      mapsIn(type),
    )
    const file = shapeFile(type, version)
    const pinned = pinnedShape(file)
    expect(pinned, `Pin the shape in test/events/${file}: ${JSON.stringify(shape)}`).toBeDefined()
    expect(differences(shape, pinned ?? {}), editedAdvice(type, version)).toEqual([])
  })

  it('has the envelope that is pinned', () => {
    const shape = shapeOf(
      written.map((event) => ({ ...event })),
      (path) => path === 'data',
    )
    const advice = `The envelope has no version: it may only get members that can be absent. ${guide}`
    expect(differences(shape, pinnedShape('shapes/envelope.json') ?? {}), advice).toEqual([])
  })
})

describe('the pinned shapes', () => {
  it('are those of every version of every type', () => {
    const all = types.flatMap(([type, current]) =>
      Array.from({ length: current }, (_, index) => shapeFile(type, index + 1)),
    )
    const present = globSync('shapes/*.json', { cwd: import.meta.dirname })
    expect(new Set(present)).toEqual(new Set([...all, 'shapes/envelope.json']))
  })

  it.each(goldenEvents())('fit what was stored once: %s', (file, { type, schemaVersion, data }) => {
    const pinned = pinnedShape(shapeFile(type, schemaVersion)) ?? {}
    expect(
      misfits(data, pinned, mapsIn(type)),
      `The shape of ${type} version ${schemaVersion} was edited: ${file} is not of it any more. ${guide}`,
    ).toEqual([])
  })
})

function editedAdvice(type: string, version: number): string {
  const next = version + 1
  return (
    `${type} version ${version} was edited. What was stored once is read for ever: leave the shape and the golden ` +
    `files of version ${version} as they are, raise ${type} to ${next} in src/events/ledger-event.ts, write its ` +
    `upcaster from ${version} to ${next} in src/events/upcasters.ts, and add a golden file and ` +
    `test/events/${shapeFile(type, next)}. Only a member that may be absent can be added to version ${version}: ` +
    `then add its line to test/events/${shapeFile(type, version)}. ${guide}`
  )
}
