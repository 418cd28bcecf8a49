import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changeMetadata, fitsMetadata, utf8Length } from '#values/metadata.ts'

const keys = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`key ${index}`, '']))

describe('a change to metadata', () => {
  it('sets, replaces and removes what it names and leaves the rest', () => {
    const before = { city: 'Ghent', name: 'Carol', tier: 'gold' }
    expect(changeMetadata(before, { tier: 'silver', city: null, since: '2026' })).toEqual({
      name: 'Carol',
      since: '2026',
      tier: 'silver',
    })
    expect(before).toEqual({ city: 'Ghent', name: 'Carol', tier: 'gold' })
  })

  it('leaves the keys in the order of canonical JSON', () => {
    const after = changeMetadata({ b: '1', a: '2' }, { c: '3', aa: '4' })
    expect(JSON.stringify(after)).toBe('{"a":"2","aa":"4","b":"1","c":"3"}')
  })

  it('may end with nothing', () => {
    expect(changeMetadata({ a: '1' }, { a: null, b: null })).toEqual({})
  })
})

describe('the bounds of metadata', () => {
  it('are 64 keys', () => {
    expect([fitsMetadata(keys(64)), fitsMetadata(keys(65))]).toEqual([true, false])
  })

  it('are 16 KiB of its JSON in UTF-8', () => {
    const around = '{"k":""}'.length
    const ascii = (bytes: number) => ({ k: 'x'.repeat(bytes - around) })
    expect([fitsMetadata(ascii(16_384)), fitsMetadata(ascii(16_385))]).toEqual([true, false])
    expect(fitsMetadata({ k: '€'.repeat(5458) })).toBe(true)
    expect(fitsMetadata({ k: '€'.repeat(5459) })).toBe(false)
  })
})

describe('the length of a text in UTF-8', () => {
  it('is that of its encoding', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length)
      }),
    )
  })
})
