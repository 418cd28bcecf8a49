import { describe, expect, it } from 'vitest'
import {
  differences,
  misfits,
  type Shape,
  shapeOf,
  unsaidLists,
  wrongAdditions,
} from '#test/events/shape.ts'

const isMap = (path: string) => path === 'metadata'
const pinned: Shape = {
  amount: 'string',
  lines: 'array',
  'lines[]': 'object',
  'lines[].account': 'string',
  'lines[].source?': 'number',
  metadata: 'map',
  'note?': 'string',
}
const line = { account: 'a' }
const whole = { amount: '1', lines: [line, { ...line, source: 0 }], metadata: { any: 'x' } }

describe('a shape', () => {
  it('says what stands where, and what may be absent', () => {
    expect(shapeOf([whole, { ...whole, note: 'n' }], isMap)).toEqual(pinned)
  })

  it('is the same of the same', () => {
    expect(differences(shapeOf([whole, { ...whole, note: 'n' }], isMap), pinned)).toEqual([])
  })
})

describe('a shape that was edited', () => {
  it.each<[string, object, readonly string[]]>([
    ['a member more', { ...whole, fee: '1' }, ['fee (string) is new']],
    ['a member less', without('amount'), ['amount (string) is gone']],
    [
      'a member renamed',
      { ...without('amount'), sum: '1' },
      ['sum (string) is new', 'amount (string) is gone'],
    ],
    ['another kind', { ...whole, amount: 1 }, ['amount was string, it is number']],
    [
      'a member within',
      { ...whole, lines: [{ ...line, to: 'b' }] },
      ['lines[].to (string) is new'],
    ],
  ])('shows: %s', (_what, data, expected) => {
    const shape = shapeOf([Object(data), { ...Object(data), note: 'n' }], isMap)
    expect(differences(shape, pinned)).toEqual(expect.arrayContaining([...expected]))
  })

  it('shows whether a member may be absent', () => {
    expect(
      differences(shapeOf([whole, { ...whole, note: 'n' }, without('amount')], isMap), pinned),
    ).toEqual(['amount can be absent now'])
    expect(differences(shapeOf([{ ...whole, note: 'n' }], isMap), pinned)).toEqual([
      'note could be absent and is always there',
    ])
  })
})

describe('one object', () => {
  it('is of a shape without all that may be absent', () => {
    expect(misfits(whole, pinned, isMap)).toEqual([])
    expect(misfits({ ...whole, lines: [] }, pinned, isMap)).toEqual([])
  })

  it('is not where it has more, less or something else', () => {
    expect(misfits({ ...whole, fee: '1' }, pinned, isMap)).toEqual(['fee is string, not known'])
    expect(misfits(without('amount'), pinned, isMap)).toEqual(['amount is missing'])
    expect(misfits({ ...whole, amount: 1 }, pinned, isMap)).toEqual([
      'amount is number, not string',
    ])
    expect(misfits({ ...whole, lines: [{}] }, pinned, isMap)).toEqual([
      'lines[].account is missing',
    ])
  })
})

describe('a list', () => {
  it('is unsaid where nothing was ever seen in it', () => {
    expect(unsaidLists(pinned)).toEqual([])
    expect(unsaidLists(shapeOf([{ ...whole, lines: [] }], isMap))).toEqual(['lines'])
  })
})

describe('what is added to a shape', () => {
  it('may be absent, with all that is within it', () => {
    const added = { 'fee?': 'object', 'fee.amount': 'string', 'tags?': 'array', 'tags[]': 'string' }
    expect(wrongAdditions(added, pinned)).toEqual([])
    expect(wrongAdditions({ 'lines[].to?': 'string' }, pinned)).toEqual([])
  })

  it('is nothing that has to be there, and makes nothing that is there another', () => {
    expect(wrongAdditions({ fee: 'string' }, pinned)).toEqual([
      "fee has to be there, and old events don't have it",
    ])
    expect(wrongAdditions({ 'amount?': 'string', note: 'number' }, pinned)).toEqual([
      'amount is there already',
      'note is there already',
    ])
  })
})

function without(name: keyof typeof whole) {
  return Object.fromEntries(Object.entries(whole).filter(([each]) => each !== name))
}
