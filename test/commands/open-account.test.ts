import { describe, it } from 'vitest'
import { acme, closed } from '#test/support/history.ts'
import { given } from '#test/support/specification.ts'

const carol = { accountId: 'users:carol:wallet', type: 'liability' }

describe('opening an account', () => {
  it('says its type, limits and metadata', () => {
    given(...acme)
      .when('OpenAccount', {
        ...carol,
        limits: { min: '-500', max: '100000' },
        metadata: { tier: 'gold' },
      })
      .thenEvent('AccountOpened', {
        accountId: 'users:carol:wallet',
        type: 'liability',
        limits: { min: '-500', max: '100000' },
        metadata: { tier: 'gold' },
      })
  })

  it.each([
    ['asset', '0'],
    ['liability', '0'],
    ['expense', null],
    ['equity', null],
    ['income', null],
  ])('gives an account of type %s the minimum %s by default', (type, min) => {
    given(...acme)
      .when('OpenAccount', { ...carol, type })
      .thenAccepted('AccountOpened', { limits: { min, max: null }, metadata: {} })
  })

  it('takes the default for what is left out, and null for none', () => {
    given(...acme)
      .when('OpenAccount', { ...carol, limits: { max: '7' } })
      .thenAccepted('AccountOpened', { limits: { min: '0', max: '7' } })
    given(...acme)
      .when('OpenAccount', { ...carol, limits: { min: null } })
      .thenAccepted('AccountOpened', { limits: { min: null, max: null } })
  })

  it('is refused with a minimum above the maximum', () => {
    given(...acme)
      .when('OpenAccount', { ...carol, limits: { min: '10', max: '9' } })
      .thenRejected('limits-inverted', { min: '10', max: '9' })
  })

  it('is refused with a maximum below the default minimum', () => {
    given(...acme)
      .when('OpenAccount', { ...carol, limits: { max: '-1' } })
      .thenRejected('limits-inverted', { min: '0', max: '-1' })
  })

  it('may fix a balance: minimum and maximum alike', () => {
    given(...acme)
      .when('OpenAccount', { ...carol, limits: { min: '5', max: '5' } })
      .thenAccepted('AccountOpened')
  })

  it('is refused for an account that exists, also a closed one', () => {
    given(...acme)
      .when('OpenAccount', { accountId: 'users:bob', type: 'asset' })
      .thenRejected('account-exists', { account: 'users:bob' })
    given(...acme, closed('users:bob'))
      .when('OpenAccount', { accountId: 'users:bob', type: 'asset' })
      .thenRejected('account-exists')
  })
})
