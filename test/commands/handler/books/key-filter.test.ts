import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeyFilter } from '#commands/handler/books/key-filter.ts'
import type { FactKind } from '#ports/books-cache.ts'

const kind = fc.constantFrom<FactKind>('key', 'reference', 'reversal', 'hold-end')
const key = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.nat(10_000).map(String))

function filterOf(count: number, nameOf: (index: number) => string): KeyFilter {
  const filter = new KeyFilter()
  for (let index = 0; index < count; index += 1) filter.add('key', nameOf(index))
  return filter
}

/** How many of so many keys that were never added it takes for known ones. */
function mistaken(filter: KeyFilter, asked: number, nameOf: (index: number) => string): number {
  let count = 0
  for (let index = 0; index < asked; index += 1)
    if (filter.mayHave('key', nameOf(index))) count += 1
  return count
}

describe('a filter of keys', () => {
  it('knows every key that was added, also after it was stored', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(kind, key), { maxLength: 300 }), (keys) => {
        const filter = new KeyFilter()
        for (const [of, name] of keys) filter.add(of, name)
        const stored = KeyFilter.of(structuredClone([...filter.layersFrom(0)]))
        for (const [of, name] of keys) {
          expect(filter.mayHave(of, name)).toBe(true)
          expect(stored.mayHave(of, name)).toBe(true)
        }
      }),
    )
  })

  it('knows them all in many layers', () => {
    const filter = filterOf(50_000, (index) => `order-${index}`)
    expect(filter.layerCount).toBe(4)
    for (let index = 0; index < 50_000; index += 1)
      expect(filter.mayHave('key', `order-${index}`)).toBe(true)
  })

  it.each([
    ['counted', (index: number) => `order-${index}`],
    ['padded', (index: number) => `k-${index.toString().padStart(33, '0')}`],
    ['spaced', (index: number) => String(index * 4096)],
    [
      'one character apart',
      (index: number) => `${String.fromCharCode(index % 60_000)}${index % 3}`,
    ],
  ])('takes few others for known: keys %s', (_, nameOf) => {
    const filter = filterOf(60_000, nameOf)
    // Four layers that are full or nearly so: each is wrong in about 0.06 % of cases.
    expect(mistaken(filter, 100_000, (index) => `other ${nameOf(index)}`)).toBeLessThan(600)
  })

  it('tells kinds apart', () => {
    const filter = filterOf(1_000, String)
    let count = 0
    for (let index = 0; index < 1_000; index += 1)
      if (filter.mayHave('reference', String(index))) count += 1
    expect(count).toBeLessThan(10)
  })

  it('does not grow by keys that it knows', () => {
    const filter = new KeyFilter()
    for (let time = 0; time < 20_000; time += 1) filter.add('key', `k${time % 10}`)
    expect(filter.layerCount).toBe(1)
  })

  it('hashes as it did when layers were stored', () => {
    const filter = new KeyFilter()
    for (const name of ['', 'a', 'order-1', 'ключ', '\ud83d\ude00']) filter.add('key', name)
    filter.add('reversal', '17')
    const bits = [...filter.layersFrom(0)].flatMap((layer) =>
      Array.from({ length: layer.bits.length * 8 }, (_, bit) => bit).filter(
        (bit) => ((layer.bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0,
      ),
    )
    expect(bits).toMatchInlineSnapshot(`
      [
        120,
        1585,
        1795,
        2682,
        4113,
        5807,
        9042,
        11629,
        12541,
        12914,
        13971,
        18900,
        19934,
        20717,
        21241,
        22752,
        23829,
        24020,
        24787,
        28758,
        29842,
        31053,
        31100,
        33687,
        35664,
        38073,
        39623,
        39800,
        40959,
        41486,
        41884,
        43342,
        43919,
        45954,
        47061,
        49192,
        49659,
        50780,
        54499,
        56212,
        58218,
        59518,
        59699,
        60311,
        61937,
        64720,
        65086,
        65521,
      ]
    `)
  })

  it('refuses layers of a wrong size or order', () => {
    const [first] = [...filterOf(10, String).layersFrom(0)]
    if (first === undefined) throw new Error('there is no layer')
    expect(() => KeyFilter.of([{ ...first, bits: first.bits.subarray(1) }])).toThrow(RangeError)
    expect(() => KeyFilter.of([{ ...first, layer: 1 }])).toThrow(RangeError)
  })
})
