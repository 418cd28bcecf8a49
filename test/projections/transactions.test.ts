import { describe, it } from 'vitest'
import { transactions } from '#projections/transactions.ts'
import {
  deposit,
  holdCaptured,
  holdPlaced,
  recordedAtOf,
  transactionPosted,
  transfer,
} from '#test/support/examples.ts'
import { specify } from '#test/support/projection-specification.ts'

const { given } = specify(transactions)

const posted = transactionPosted({ postings: [deposit, transfer] }, { revision: 4n })

/** Takes back part of transaction 4: the amounts are those of its first and second posting. */
function reversal(revision: bigint, amounts: readonly string[]) {
  const postings = [deposit, transfer].flatMap(({ debit, credit, asset }, source) => {
    const amount = amounts[source] ?? '0'
    return amount === '0' ? [] : [{ debit: credit, credit: debit, asset, amount, source }]
  })
  return transactionPosted(
    { kind: 'reversal', reverses: '4', reason: 'a mistake', postings },
    { revision },
  )
}

describe('a transaction', () => {
  it('is what was posted, by whom and when', () => {
    const said = {
      effectiveAt: '2026-02-28T00:00:00.000Z',
      externalReference: 'order-77',
      description: 'top-up',
      metadata: { channel: 'card' },
    }
    given(transactionPosted(said, { revision: 4n, actor: 'shop' })).thenDocuments({
      '4': {
        transactionId: '4',
        kind: 'transaction',
        postings: [deposit],
        ...said,
        recordedAt: recordedAtOf(4n),
        actor: 'shop',
      },
    })
  })

  it('leaves out what was not said', () => {
    given(transactionPosted({}, { revision: 4n })).thenDocument('4', {
      transactionId: '4',
      kind: 'transaction',
      postings: [deposit],
      effectiveAt: recordedAtOf(4n),
      metadata: {},
      recordedAt: recordedAtOf(4n),
      actor: 'anonymous',
    })
  })

  it('is made by a capture, under the revision of the capture', () => {
    given(holdPlaced({}, { revision: 5n }), holdCaptured({}, { revision: 6n })).thenDocuments({
      '6': {
        transactionId: '6',
        kind: 'capture',
        holdId: '5',
        postings: [{ ...transfer, amount: '400', source: 0 }],
        effectiveAt: recordedAtOf(6n),
        metadata: {},
        recordedAt: recordedAtOf(6n),
        actor: 'anonymous',
      },
    })
  })
})

describe('a reversed transaction', () => {
  it('names its reversals in order and what they took from each posting together', () => {
    given(posted, reversal(7n, ['500', '0']), reversal(8n, ['1500', '1000'])).thenPart('4', {
      reversedBy: ['7', '8'],
      reversedAmounts: ['2000', '1000'],
    })
  })

  it('is named by its reversal, with the reason', () => {
    given(posted, reversal(7n, ['0', '300'])).thenPart('7', {
      kind: 'reversal',
      reverses: '4',
      reason: 'a mistake',
      postings: [
        { ...transfer, debit: 'users:bob', credit: 'users:alice', amount: '300', source: 1 },
      ],
    })
  })

  it('gets back what a reinstated reversal took, and still names that reversal', () => {
    const events = [posted, reversal(7n, ['500', '200']), reversal(8n, ['0', '700'])]
    const reinstatement = transactionPosted(
      {
        kind: 'reinstatement',
        reverses: '8',
        reinstates: { transactionId: '4', amounts: ['0', '700'] },
        postings: [{ ...transfer, amount: '700', source: 0 }],
      },
      { revision: 9n },
    )
    given(...events, reinstatement).thenPart('4', {
      reversedBy: ['7', '8'],
      reversedAmounts: ['500', '200'],
    })
    given(...events, reinstatement).thenPart('8', { reversedBy: ['9'], reversedAmounts: ['700'] })
    given(...events, reinstatement).thenPart('9', { kind: 'reinstatement', reverses: '8' })
  })

  it('may be reinstated with amounts only as far as the last posting given back', () => {
    const reinstatement = transactionPosted(
      {
        kind: 'reinstatement',
        reverses: '7',
        reinstates: { transactionId: '4', amounts: ['500'] },
        postings: [{ ...deposit, amount: '500', source: 0 }],
      },
      { revision: 8n },
    )
    given(posted, reversal(7n, ['500', '0']), reinstatement).thenPart('4', {
      reversedAmounts: ['0', '0'],
    })
  })
})

describe('the books contradict', () => {
  it('where more than a posting is reversed', () => {
    given(posted, reversal(7n, ['2500', '1']), reversal(8n, ['1', '0'])).thenContradiction(
      'more than a posting',
    )
  })

  it('where a transaction is reversed that was never posted', () => {
    given(reversal(7n, ['1', '0'])).thenContradiction('transaction 4 was never posted')
  })

  it('where a reversal names a posting that is not there', () => {
    const lost = transactionPosted(
      { kind: 'reversal', reverses: '4', postings: [{ ...deposit, source: 2 }] },
      { revision: 7n },
    )
    given(posted, lost).thenContradiction('a posting that is not there')
  })
})
