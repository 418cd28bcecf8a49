import { describe, expect, it } from 'vitest'
import { decoderFor } from '#events/decode.ts'
import { type Catalogue, UndecodableEvent } from '#events/lift.ts'
import { type StepsTo, upcasters, type Upcaster, type Upcasters } from '#events/upcasters.ts'
import { accountFrozen } from '#test/support/examples.ts'
import { stored } from '#test/support/stored-events.ts'
import type { JsonObject } from '#values/json.ts'

type Counted = { readonly type: 'Counted'; readonly data: { readonly steps: readonly string[] } }

const versions = { Counted: 3, Named: 1 } as const
const trail =
  (name: string): Upcaster =>
  ({ steps, ...rest }) => ({ ...rest, steps: [...(Array.isArray(steps) ? steps : []), name] })
const steps: StepsTo<typeof versions> = { Counted: { 1: trail('1 to 2'), 2: trail('2 to 3') } }

/** A stored event of a catalogue that is not the program's. */
function counted(schemaVersion: number, data: JsonObject = { steps: [] }): string {
  const whole: JsonObject = JSON.parse(stored(accountFrozen({}, { revision: 7n })).json)
  return JSON.stringify({ ...whole, type: 'Counted', schemaVersion, data })
}

/** What a decoder says of a stored event under these steps. */
function decoded(json: string, given: Upcasters = steps) {
  return decoderFor<Counted>({ versions, upcasters: given })(json)
}

describe('an event of an earlier version', () => {
  it.each([
    [1, ['1 to 2', '2 to 3']],
    [2, ['2 to 3']],
    [3, []],
  ])('is lifted from version %i through every step after it, in order', (version, expected) => {
    expect(decoded(counted(version))).toMatchObject({
      type: 'Counted',
      schemaVersion: 3,
      revision: 7n,
      data: { steps: expected },
    })
  })

  it('keeps its envelope and what no step touches', () => {
    const { data, schemaVersion, ...envelope } = decoded(counted(3, { steps: [], kept: 'as is' }))
    const lifted = decoded(counted(1, { steps: [], kept: 'as is' }))
    expect(lifted).toMatchObject(envelope)
    expect(lifted.data).toMatchObject({ kept: 'as is' })
    expect(schemaVersion).toBe(3)
    expect(data.steps).toEqual([])
  })
})

describe('an event that cannot be lifted', () => {
  const at = 'Counted version 1 at acme revision 7'

  it.each<[string, Upcasters, string]>([
    ['a type without steps', {}, 'from version 1 to 2: there is no upcaster'],
    ['no first step', { Counted: { 2: trail('') } }, 'from version 1 to 2: there is no upcaster'],
    ['no second step', { Counted: { 1: trail('') } }, 'from version 2 to 3: there is no upcaster'],
    [
      'a step that throws',
      { Counted: { 1: () => JSON.parse('{') } },
      'from version 1 to 2: its upcaster failed: Expected property name',
    ],
    ['nothing', wrong(undefined), 'from version 1 to 2: its upcaster makes no object'],
    ['null', wrong(null), 'from version 1 to 2: its upcaster makes no object'],
    ['a text', wrong('{}'), 'from version 1 to 2: its upcaster makes no object'],
    ['a list', wrong([]), 'from version 1 to 2: its upcaster makes no object'],
    ['a promise', wrong(Promise.resolve({})), 'from version 1 to 2: its upcaster makes no object'],
    ['a map', wrong(new Map()), 'from version 1 to 2: its upcaster makes no object'],
  ])('says which, where and why: %s', (_what, given, why) => {
    expect(() => decoded(counted(1), given)).toThrow(UndecodableEvent)
    expect(() => decoded(counted(1), given)).toThrow(`${at} can't be lifted ${why}`)
  })

  it('keeps what its upcaster threw', () => {
    const thrown = new RangeError('no such steps')
    const given = {
      Counted: {
        1: () => {
          throw thrown
        },
      },
    }
    expect(() => decoded(counted(1), given)).toThrow(expect.objectContaining({ cause: thrown }))
  })

  it('is not guessed at where it is newer, or of an unknown type', () => {
    expect(() => decoded(counted(4))).toThrow(
      'Counted version 4 at acme revision 7 is newer than this program, which knows 3',
    )
    const unknown = counted(1).replace('"Counted"', '"Uncounted"')
    expect(() => decoded(unknown)).toThrow(
      'unknown event type Uncounted version 1 at acme revision 7',
    )
    expect(() => decoded(counted(1).replace('"Counted"', '"toString"'))).toThrow(UndecodableEvent)
  })
})

describe('the steps of a catalogue', () => {
  it('are all there and no others, which the compiler checks', () => {
    const all: StepsTo<{ Counted: 3; Named: 1 }> = steps
    // @ts-expect-error the step from version 2 is missing
    const short: StepsTo<{ Counted: 3 }> = { Counted: { 1: trail('') } }
    // @ts-expect-error all steps of Named are missing
    const without: StepsTo<{ Counted: 3; Named: 2 }> = steps
    expect([all, short, without]).toHaveLength(3)
  })

  it('are the program’s own when it decodes', () => {
    const own: Catalogue['upcasters'] = upcasters
    expect(Object.values(own).every((each) => Object.keys(each).length > 0)).toBe(true)
  })
})

/** Steps of which the first makes what no step may. */
function wrong(result: unknown): Upcasters {
  const given: unknown = { Counted: { 1: () => result, 2: trail('') } }
  return isUpcasters(given) ? given : {}
}

/** What the compiler would not let through. */
function isUpcasters(value: unknown): value is Upcasters {
  return typeof value === 'object'
}
