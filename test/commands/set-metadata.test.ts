import { describe, it } from 'vitest'
import { record } from '#test/support/examples.ts'
import { accountOpened, acme, closed, deposited, type Fact } from '#test/support/history.ts'
import { given } from '#test/support/specification.ts'
import type { JsonObject } from '#values/json.ts'

const described = accountOpened(
  'users:carol',
  { min: '0', max: null },
  { name: 'Carol', tier: 'gold' },
)
const books: readonly Fact[] = [...acme, described, deposited('5', 'users:carol')]
const setting = (metadata: JsonObject) => ({ accountId: 'users:carol', metadata })

describe('setting metadata', () => {
  it('sets the keys given, removes those that are null, and leaves the others', () => {
    given(...books)
      .when('SetMetadata', setting({ tier: null, city: 'Ghent' }))
      .thenEvent('MetadataSet', {
        accountId: 'users:carol',
        before: { name: 'Carol', tier: 'gold' },
        after: { city: 'Ghent', name: 'Carol' },
        previous: '5',
        balances: [record('users:carol', { postedCredits: 5n })],
      })
  })

  it('does not mind removing what is not there, or changing nothing', () => {
    given(...books)
      .when('SetMetadata', setting({ city: null }))
      .thenAccepted('MetadataSet', { after: { name: 'Carol', tier: 'gold' } })
    given(...books)
      .when('SetMetadata', setting({}))
      .thenAccepted('MetadataSet', { after: { name: 'Carol', tier: 'gold' } })
  })

  it('is refused where the whole would have 65 keys', () => {
    const keys = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`key ${index}`, '']))
    given(...books)
      .when('SetMetadata', setting(keys(62)))
      .thenAccepted('MetadataSet')
    given(...books)
      .when('SetMetadata', setting(keys(63)))
      .thenRejected('metadata-too-large', { account: 'users:carol' })
    given(...books)
      .when('SetMetadata', setting({ ...keys(63), tier: null }))
      .thenAccepted('MetadataSet')
  })

  it('is refused for accounts that are closed or missing', () => {
    given(...acme, closed('users:bob'))
      .when('SetMetadata', { accountId: 'users:bob', metadata: {} })
      .thenRejected('account-closed')
    given(...acme)
      .when('SetMetadata', { accountId: 'users:carol', metadata: {} })
      .thenRejected('account-not-found')
  })
})
