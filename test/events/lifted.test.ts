import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { catalogue } from '#events/decode.ts'
import type { Upcaster } from '#events/upcasters.ts'
import { liftComplaints, liftedFiles, ownPins, type Pins } from '#test/events/lifted.ts'
import { goldenEvents } from '#test/events/pinned.ts'
import type { Written } from '#test/events/written-events.ts'

describe('golden events of earlier versions', () => {
  it('are lifted to what is pinned, in the shape of every later version', () => {
    const found = goldenEvents().flatMap((golden) => liftComplaints(catalogue, golden, ownPins))
    const advice = 'What old events are lifted to is wrong or not pinned, or a step was edited.'
    const guide = 'See docs/guides/evolving-events.md.'
    expect(found.length, [advice, guide, ...found].join('\n')).toBe(0)
  })

  it('are all that is pinned as lifted', () => {
    const files = goldenEvents().flatMap(([file, event]) => liftedFiles(catalogue, file, event))
    expect(globSync('lifted/*.json', { cwd: import.meta.dirname }).toSorted()).toEqual(
      files.map(({ file }) => file).toSorted(),
    )
  })
})

/** The cards of the guide, when their event has come to version 3: each is in an asset, and has a holder. */
describe('a step that is wrong', () => {
  const [issued = ''] = readFileSync(
    join(import.meta.dirname, '../../examples/evolving-events/stored-by-first.jsonl'),
    'utf8',
  ).split('\n')
  const event: Written = JSON.parse(issued)
  const pins: Pins = {
    shape: (_type, version) => ({
      cardId: 'string',
      asset: 'string',
      ...(version > 2 && { holder: 'null | string' }),
    }),
    lifted: (file) =>
      ({
        'lifted/00-card-issued-v1-to-v2.json': { cardId: 'ann', asset: 'EUR/2' },
        'lifted/00-card-issued-v1-to-v3.json': { cardId: 'ann', asset: 'EUR/2', holder: null },
      })[file],
  }
  const first: Upcaster = (data) => ({ ...data, asset: 'EUR/2' })
  const second: Upcaster = (data) => ({ ...data, holder: null })

  const complaints = (steps: { readonly 1?: Upcaster; readonly 2?: Upcaster }, given = pins) => {
    const upcasters = { CardIssued: { 1: first, 2: second, ...steps } }
    const known = { versions: { CardIssued: 3 }, upcasters }
    return liftComplaints(known, ['golden/00-card-issued-v1.json', event], given)
  }

  it('is told from those that are right', () => {
    expect(complaints({})).toEqual([])
  })

  it.each<[string, Upcaster, readonly string[]]>([
    [
      'another name',
      (data) => ({ ...data, assets: 'EUR/2' }),
      ['v2.json: assets is string, not known', 'v2.json: asset is missing'],
    ],
    [
      'another kind',
      (data) => ({ ...data, asset: { code: 'EUR', scale: 2 } }),
      ['v2.json: asset is object, not string'],
    ],
    ['less', () => ({ asset: 'EUR/2' }), ['v2.json: cardId is missing']],
    [
      'another value',
      (data) => ({ ...data, asset: 'USD/2' }),
      ['v2.json: is not what is made now, which is', 'v3.json: is not what is made now, which is'],
    ],
  ])('makes %s', (_what, step, expected) => {
    const found = complaints({ 1: step }).join('\n')
    for (const complaint of expected)
      expect(found).toContain(`lifted/00-card-issued-v1-to-${complaint}`)
  })

  it('can be of a version that has no shape yet', () => {
    expect(complaints({}, { ...pins, shape: () => undefined })).toEqual([
      'lifted/00-card-issued-v1-to-v2.json: is of no shape that is pinned: there is no shapes/card-issued-v2.json',
      'lifted/00-card-issued-v1-to-v3.json: is of no shape that is pinned: there is no shapes/card-issued-v3.json',
    ])
  })

  it('is any of the steps', () => {
    expect(complaints({ 2: (data) => ({ ...data, holder: 7 }) })).toEqual([
      'lifted/00-card-issued-v1-to-v3.json: holder is number, not null | string',
      expect.stringContaining('lifted/00-card-issued-v1-to-v3.json: is not what is made now'),
    ])
  })

  it('is asked for where what it makes is not pinned', () => {
    expect(complaints({}, { ...pins, lifted: () => undefined })).toEqual([
      expect.stringMatching(
        /^lifted\/.*-v2\.json: is to be pinned once it is right: \{\n {2}"card/,
      ),
      expect.stringMatching(
        /^lifted\/.*-v3\.json: is to be pinned once it is right: \{\n {2}"card/,
      ),
    ])
  })
})
