import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WeighedMap } from '#commands/handler/books/weighed-map.ts'

const key = fc.constantFrom('a', 'bb', 'ccc')
const act = fc.oneof(
  fc.record({ key, value: fc.string() }),
  fc.record({ key, value: fc.constant(undefined) }),
)

describe('a weighed map', () => {
  it('weighs what is in it, however that came to be', () => {
    fc.assert(
      fc.property(fc.array(act), (acts) => {
        const weigh = (value: string, of: string) => 10 * of.length + value.length
        const map = new WeighedMap<string, string>(weigh, (one, other) => one === other)
        for (const { key: at, value } of acts) {
          if (value === undefined) map.delete(at)
          else map.set(at, value)
        }
        const entries = [...map].map(([at, value]) => 10 * at.length + value.length)
        expect(map.weight).toBe(entries.reduce((sum, each) => sum + each, 0))
        map.clear()
        expect(map.weight).toBe(0)
      }),
    )
  })
})
