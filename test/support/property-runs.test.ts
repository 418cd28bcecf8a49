import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runsAsked } from '#test/support/property-runs.ts'

const small = () => fc.property(fc.nat(), (number) => expect(number).toBeLessThan(6))

describe('what the environment asks of properties', () => {
  it('is to be tried so often, from a seed', () => {
    const { seed, runs } = runsAsked({ PROPERTY_SEED: '1234', PROPERTY_RUNS: '2.5' })
    expect(seed).toBe(1234)
    expect(runs(100)).toMatchObject({ seed: 1234, numRuns: 250 })
  })

  it('is, where it says nothing, as often as the test says, from another seed each time', () => {
    const { seed, runs } = runsAsked({})
    expect(Number.isSafeInteger(seed)).toBe(true)
    expect(runs(100)).toEqual({ seed, numRuns: 100, interruptAfterTimeLimit: expect.any(Number) })
  })

  it.each([
    { PROPERTY_SEED: 'abc' },
    { PROPERTY_SEED: '' },
    { PROPERTY_SEED: '1.5' },
    { PROPERTY_SEED: '12345678901' },
    { PROPERTY_RUNS: 'many' },
    { PROPERTY_RUNS: '' },
    { PROPERTY_SEED: '1', PROPERTY_PATH: 'abc' },
    { PROPERTY_SEED: '1', PROPERTY_PATH: '' },
    { PROPERTY_PATH: '5:0:2' },
  ])('is refused where it is nothing that can be done: %j', (environment) => {
    expect(() => runsAsked(environment)).toThrow(/^PROPERTY_/)
  })
})

describe('a case that is asked for again', () => {
  it('fails as it did, and alone', () => {
    const { counterexamplePath: path, counterexample } = fc.check(small(), { seed: 3 })
    const { runs } = runsAsked({ PROPERTY_SEED: '3', PROPERTY_PATH: path ?? '' })
    expect(() => fc.assert(small(), runs(100))).toThrow(
      `Counterexample: ${fc.stringify(counterexample)}`,
    )
  })

  it('is no success where the property has no such case', () => {
    const { runs } = runsAsked({ PROPERTY_SEED: '3', PROPERTY_PATH: '0:99999' })
    expect(() => fc.assert(small(), runs(100))).toThrow('leads to no case of this property')
  })
})
