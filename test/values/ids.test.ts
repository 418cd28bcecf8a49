import { describe, expect, it } from 'vitest'
import { isAccountId, isLedgerId, isRevisionId } from '#values/ids.ts'

describe('a ledgerId', () => {
  it.each(['a', '0', 'acme-payments', 'x-', 'a'.repeat(63)])('may be %s', (text) => {
    expect(isLedgerId(text)).toBe(true)
  })

  it.each(['', '-a', 'Acme', 'a_b', 'a:b', 'a/b', 'a b', 'é', 'a\n', 'a'.repeat(64), 7, null])(
    'is not %j',
    (value) => {
      expect(isLedgerId(value)).toBe(false)
    },
  )
})

describe('an accountId', () => {
  it.each(['a', 'users:alice:wallet', '-', '_:-', 'A1:b2', 'a'.repeat(256)])(
    'may be %s',
    (text) => {
      expect(isAccountId(text)).toBe(true)
    },
  )

  it.each(['', ':', 'a:', ':a', 'a::b', 'a b', 'a.b', 'é', 'a\n', 'a'.repeat(257), 7, ['a']])(
    'is not %j',
    (value) => {
      expect(isAccountId(value)).toBe(false)
    },
  )

  it('is told in no time, however long and hopeless', () => {
    const hopeless = `${'a:'.repeat(127)}!`
    const begun = performance.now()
    expect(isAccountId(hopeless)).toBe(false)
    expect(performance.now() - begun).toBeLessThan(1000)
  })
})

describe('the id of a transaction or hold', () => {
  it.each(['0', '7', '1042', '9'.repeat(18)])('may be %s', (text) => {
    expect(isRevisionId(text)).toBe(true)
  })

  it.each(['', '-1', '01', '1.0', '1n', ' 1', '1\n', '9'.repeat(19), 1042])(
    'is not %j',
    (value) => {
      expect(isRevisionId(value)).toBe(false)
    },
  )
})
