import { describe, expect, it } from 'vitest'
import { judged } from '#bench/figure.ts'

const single = { name: 'single', what: 'commands', value: 600, unit: 'requests/s' }
const limit = { what: 'bare Express', value: 1_000 }

describe('a figure of the bench', () => {
  it('has a ratio where it has a limit', () => {
    expect(judged({ ...single, limit })).toEqual({ ...single, limit, ratio: 0.6 })
    expect(judged(single)).toEqual(single)
  })

  it('meets a target for its ratio, the bound included', () => {
    const met = (atLeast: number) =>
      judged({ ...single, limit, target: { of: 'ratio', atLeast } }).met
    expect([met(0.6), met(0.61)]).toEqual([true, false])
  })

  it('meets a target for its value, the bound included', () => {
    const met = (atMost: number) => judged({ ...single, target: { of: 'value', atMost } }).met
    expect([met(600), met(599)]).toEqual([true, false])
  })

  it('meets two bounds only between them', () => {
    const met = (value: number) =>
      judged({ ...single, value, limit, target: { of: 'ratio', atLeast: 0.8, atMost: 1.25 } }).met
    expect([met(799), met(800), met(1_250), met(1_251)]).toEqual([false, true, true, false])
  })

  it('does not meet a target for a ratio that it has not', () => {
    expect(judged({ ...single, target: { of: 'ratio', atLeast: 0 } }).met).toBe(false)
  })
})
