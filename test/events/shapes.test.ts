import { globSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { currentVersions } from '#events/ledger-event.ts'
import {
  additionsTo,
  firstShape,
  goldenEvents,
  mapsIn,
  pinnedShape,
  retiredTypes,
  shapeFile,
} from '#test/events/pinned.ts'
import {
  differences,
  misfits,
  type Shape,
  shapeOf,
  unsaidLists,
  wrongAdditions,
} from '#test/events/shape.ts'
import { type Written, writtenEvents } from '#test/events/written-events.ts'

const guide = 'See docs/guides/evolving-events.md.'
const envelopeFile = 'shapes/envelope.json'
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
    const pinned = pinnedShape(shapeFile(type, version))
    expect(pinned, unpinnedAdvice(shape, { type, version })).toBeDefined()
    expect(differences(shape, pinned ?? {}), editedAdvice(type, version)).toEqual([])
  })

  it('has the envelope that is pinned', () => {
    const shape = shapeOf(
      written.map((event) => ({ ...event })),
      (path) => path === 'data',
    )
    const advice = `The envelope has no version: it may only get members that can be absent, in files of their own (shapes/envelope-with-member.json). ${guide}`
    expect(differences(shape, pinnedShape(envelopeFile) ?? {}), advice).toEqual([])
  })
})

describe('the pinned shapes', () => {
  const versions = types.flatMap(([type, current]) =>
    Array.from({ length: current }, (_, index) => shapeFile(type, index + 1)),
  )
  const files = [...versions, envelopeFile]

  it('are those of every version of every type', () => {
    const present = globSync('shapes/*.json', { cwd: import.meta.dirname })
    const additions = files.flatMap(additionsTo).map(([file]) => file)
    expect(present.toSorted()).toEqual([...files, ...additions].toSorted())
  })

  it('say what is in their lists', () => {
    const unsaid = files.flatMap((file) =>
      unsaidLists(pinnedShape(file) ?? {}).map((path) => `${file}: ${path}`),
    )
    expect(unsaid, 'Write them with something in them, in written-events.ts').toEqual([])
  })

  it('were added to where old events lack it', () => {
    const wrong = files.flatMap((file) =>
      additionsTo(file).flatMap(([name, added], index, all) => {
        const before = all.slice(0, index).map(([, earlier]) => earlier)
        const whole: Shape = Object.assign({}, firstShape(file), ...before)
        return wrongAdditions(added, whole).map((why) => `${name}: ${why}`)
      }),
    )
    expect(wrong, guide).toEqual([])
  })

  it.each(goldenEvents())('fit what was stored once: %s', (file, { type, schemaVersion, data }) => {
    const pinned = pinnedShape(shapeFile(type, schemaVersion))
    expect(pinned, `There is no test/events/${shapeFile(type, schemaVersion)}`).toBeDefined()
    expect(
      misfits(data, pinned ?? {}, mapsIn(type)),
      `The shape of ${type} version ${schemaVersion} was edited: ${file} is not of it any more. ${guide}`,
    ).toEqual([])
  })
})

function unpinnedAdvice(
  shape: Shape,
  { type, version }: { readonly type: string; readonly version: number },
): string {
  const pinned = `Pin the shape in test/events/${shapeFile(type, version)}: ${JSON.stringify(shape, null, 2)}`
  const before = pinnedShape(shapeFile(type, version - 1))
  return before === undefined || differences(shape, before).length > 0
    ? pinned
    : `What is written as ${type} version ${version} has the shape of version ${version - 1} still. Write the new ` +
        `shape first. ${guide} Only where the same members mean something else now: ${pinned}`
}

function editedAdvice(type: string, version: number): string {
  const next = version + 1
  return (
    `${type} version ${version} was edited. What was stored once is read for ever: leave the shape and the golden ` +
    `files of version ${version} as they are, raise ${type} to ${next} in src/events/ledger-event.ts, write its ` +
    `upcaster from ${version} to ${next} in src/events/upcasters.ts, and add a golden file and ` +
    `test/events/${shapeFile(type, next)}. Only a member that may be absent can be added to version ${version}: ` +
    `with its line, \`{ "member?": "kind" }\`, in a file of its own, ` +
    `test/events/${shapeFile(type, version).replace('.json', '-with-member.json')}. ${guide}`
  )
}
