import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainColumn, revisionColumn } from '#commands/handler/books/columns.ts'
import { FactTable, hashOf } from '#commands/handler/books/fact-table.ts'

const few = fc.constantFrom('', 'a', 'b', 'ab', 'ba', '\u{1f4d2}', '\ud83d')
const anyKey = fc.oneof(few, fc.string({ unit: 'binary', maxLength: 40 }))
const acts = fc.array(
  fc.oneof(
    fc.record({ act: fc.constant('set'), key: anyKey, value: fc.string() }),
    fc.record({ act: fc.constant('delete'), key: few }),
    fc.record({ act: fc.constant('take back'), count: fc.integer({ min: 1, max: 40 }) }),
  ),
  { maxLength: 300 },
)

describe('a table of facts', () => {
  it('is a map, whatever is set, replaced, removed, or taken back in order', () => {
    fc.assert(
      fc.property(acts, few, (all, asked) => {
        const trial = new Trial()
        for (const act of all) {
          if ('count' in act) trial.takeBack(act.count)
          else if ('value' in act) trial.set(act.key, act.value)
          else trial.delete(act.key)
          trial.expectSame(asked)
        }
      }),
    )
  })

  it('has every one of a hundred thousand keys that are alike, and no other', () => {
    const table = new FactTable(revisionColumn(), () => 1)
    const count = 100_000
    for (let index = 0; index < count; index += 1) table.set(`batch/${index}`, BigInt(index))
    expect([table.size, table.weight]).toEqual([count, count])
    let wrong = 0
    for (let index = 0; index < count; index += 1) {
      if (table.get(`batch/${index}`) !== BigInt(index)) wrong += 1
      if (table.get(`batch/${index}/`) !== undefined) wrong += 1
      if (table.get(`batch/${index + count}`) !== undefined) wrong += 1
    }
    expect(wrong).toBe(0)
  })

  it('spreads keys that are alike over all hashes', () => {
    const slots = new Set(Array.from({ length: 10_000 }, (_, n) => hashOf(`key-${n}`) & 0xffff))
    // Of as many hashes at random some 9,280 differ.
    expect(slots.size).toBeGreaterThan(9_000)
  })

  it('does not grow with what is set and taken back again and again', () => {
    const table = new FactTable<bigint>(revisionColumn(), () => 1)
    table.set('kept', 7n)
    for (let round = 0; round < 100_000; round += 1) {
      table.set(`tried ${round}`, 1n)
      table.delete(`tried ${round}`)
    }
    expect([table.size, table.weight, [...table.keys()]]).toEqual([1, 1, ['kept']])
    expect(table.get('kept')).toBe(7n)
  })
})

/** The table beside a plain map. */
class Trial {
  readonly #table = new FactTable<string>(plainColumn(), weigh)
  readonly #plain = new Map<string, string>()

  set(key: string, value: string): void {
    this.#table.set(key, value)
    this.#plain.set(key, value)
  }

  delete(key: string): void {
    expect(this.#table.delete(key)).toBe(this.#plain.delete(key))
  }

  /** The newest first, as the journal does it. */
  takeBack(count: number): void {
    for (const key of [...this.#plain.keys()].toReversed().slice(0, count)) this.delete(key)
  }

  expectSame(asked: string): void {
    expect([...this.#table.keys()]).toEqual([...this.#plain.keys()])
    expect(this.#table.size).toBe(this.#plain.size)
    for (const key of [...this.#plain.keys(), asked])
      expect(this.#table.get(key)).toBe(this.#plain.get(key))
    const weights = [...this.#plain].map(([key, value]) => weigh(value, key))
    expect(this.#table.weight).toBe(weights.reduce((sum, each) => sum + each, 0))
  }
}

function weigh(value: string, key: string): number {
  return 10 * key.length + value.length
}
