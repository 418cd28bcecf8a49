import { describe, expect, it } from 'vitest'
import { isAmount, isAmountOrZero, isSignedAmount, totalMax } from '#values/amounts.ts'
import { isAsset } from '#values/assets.ts'

describe('an amount', () => {
  it.each(['1', '9', '10', '9007199254740993', '9'.repeat(31)])('may be %s', (text) => {
    expect([isAmount(text), isAmountOrZero(text)]).toEqual([true, true])
  })

  it.each(['', '-1', '+1', '01', '1.', '1.0', '1e1', '0x1', ' 1', '1\n', '1_0', '1'.repeat(32)])(
    'is not %j',
    (text) => {
      expect([isAmount(text), isAmountOrZero(text)]).toEqual([false, false])
    },
  )

  it.each([1, null, undefined, true, ['1'], { toString: () => '1' }])(
    'is text, not %j',
    (value) => {
      expect([isAmount(value), isAmountOrZero(value), isSignedAmount(value)]).toEqual([
        false,
        false,
        false,
      ])
    },
  )

  it('is zero only where that is allowed', () => {
    expect([isAmount('0'), isAmountOrZero('0'), isSignedAmount('0')]).toEqual([false, true, true])
  })
})

describe('a balance or limit', () => {
  it.each(['1', '-1', '9'.repeat(34), `-${'9'.repeat(34)}`])('may be %s', (text) => {
    expect(isSignedAmount(text)).toBe(true)
  })

  it.each(['-0', '+1', '--1', '-01', '- 1', '-', '1'.repeat(35)])('is not %j', (text) => {
    expect(isSignedAmount(text)).toBe(false)
  })

  it('reaches as far as a total may', () => {
    expect(totalMax.toString()).toBe('9'.repeat(34))
  })
})

describe('an asset', () => {
  it.each(['USD/2', 'JPY/0', 'X/18', 'A_1/10', `A${'B'.repeat(16)}/9`])('may be %s', (text) => {
    expect(isAsset(text)).toBe(true)
  })

  it.each([
    'USD',
    'USD/',
    '/2',
    'usd/2',
    '1A/2',
    '_A/2',
    'USD/02',
    'USD/19',
    'USD/-1',
    'USD/2 ',
    'USD/2\n',
  ])('is not %j', (text) => {
    expect(isAsset(text)).toBe(false)
  })

  it('has a code of at most 17 characters', () => {
    expect([isAsset(`${'A'.repeat(17)}/2`), isAsset(`${'A'.repeat(18)}/2`)]).toEqual([true, false])
  })
})
