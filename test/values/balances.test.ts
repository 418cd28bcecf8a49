import { describe, expect, it } from 'vitest'
import { record } from '#test/support/examples.ts'
import { available, balanceOf, ceiling, pending, posted } from '#values/balances.ts'

const totals = {
  postedDebits: 1000n,
  postedCredits: 300n,
  pendingDebits: 50n,
  pendingCredits: 7n,
}

describe('what the four totals mean', () => {
  it.each(['asset', 'expense'] as const)('for %s accounts, which grow by debits', (type) => {
    expect(posted(type, totals)).toBe(700n)
    expect(available(type, totals)).toBe(693n)
    expect(ceiling(type, totals)).toBe(750n)
    expect(pending(type, totals)).toBe(743n)
  })

  it.each(['liability', 'equity', 'income'] as const)(
    'for %s accounts, which grow by credits',
    (type) => {
      expect(posted(type, totals)).toBe(-700n)
      expect(available(type, totals)).toBe(-750n)
      expect(ceiling(type, totals)).toBe(-693n)
      expect(pending(type, totals)).toBe(-743n)
    },
  )
})

describe('the balance resource', () => {
  it('has the totals and what they mean, not the type', () => {
    expect(balanceOf(record('users:alice', totals))).toEqual({
      accountId: 'users:alice',
      asset: 'USD/2',
      postedDebits: '1000',
      postedCredits: '300',
      pendingDebits: '50',
      pendingCredits: '7',
      posted: '-700',
      pending: '-743',
      available: '-750',
    })
  })
})
