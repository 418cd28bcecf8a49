import { describe, it } from 'vitest'
import { holds } from '#projections/holds.ts'
import {
  deposit,
  holdCaptured,
  holdExpired,
  holdExtended,
  holdPlaced,
  holdVoided,
  recordedAtOf,
  transfer,
} from '#test/support/examples.ts'
import { specify } from '#test/support/projection-specification.ts'

const { given } = specify(holds)

const placed = holdPlaced(
  { expiresAt: '2026-03-08T12:00:00.000Z', externalReference: 'booking-9' },
  { revision: 5n },
)
const untouched = { ...transfer, captured: '0', released: '0', remaining: '1000' }

describe('a hold', () => {
  it('holds all of every posting at first', () => {
    given(placed).thenDocuments({
      '5': {
        ledgerId: 'acme',
        holdId: '5',
        status: 'open',
        postings: [untouched],
        expiresAt: '2026-03-08T12:00:00.000Z',
        externalReference: 'booking-9',
        metadata: {},
        createdAt: recordedAtOf(5n),
        captures: [],
      },
    })
  })

  it('stays open while something of it remains', () => {
    given(placed, holdCaptured({}, { revision: 6n })).thenPart('5', {
      status: 'open',
      postings: [{ ...transfer, captured: '400', released: '0', remaining: '600' }],
      captures: ['6'],
    })
  })

  it('is captured once nothing of it remains', () => {
    given(
      placed,
      holdCaptured({}, { revision: 6n }),
      holdCaptured({ amounts: ['600'], remaining: ['0'], final: true }, { revision: 7n }),
    ).thenPart('5', {
      status: 'captured',
      postings: [{ ...transfer, captured: '1000', released: '0', remaining: '0' }],
      captures: ['6', '7'],
    })
  })

  it('is captured by a final capture, which releases the rest', () => {
    const two = holdPlaced({ postings: [transfer, deposit] }, { revision: 5n })
    const final = holdCaptured(
      {
        amounts: ['400', '0'],
        released: ['600', '2500'],
        remaining: ['0', '0'],
        final: true,
      },
      { revision: 6n },
    )
    given(two, final).thenPart('5', {
      status: 'captured',
      postings: [
        { ...transfer, captured: '400', released: '600', remaining: '0' },
        { ...deposit, captured: '0', released: '2500', remaining: '0' },
      ],
    })
  })

  it.each([
    ['voided', holdVoided({ released: ['600'] }, { revision: 7n })],
    ['expired', holdExpired({ released: ['600'] }, { revision: 7n })],
  ] as const)('releases what remains when it is %s', (status, event) => {
    given(placed, holdCaptured({}, { revision: 6n }), event).thenPart('5', {
      status,
      postings: [{ ...transfer, captured: '400', released: '600', remaining: '0' }],
      captures: ['6'],
    })
  })

  it('expires later or sooner when it is extended, also one that never expired before', () => {
    const extended = holdExtended({ after: '2026-03-09T12:00:00.000Z' }, { revision: 6n })
    given(placed, extended).thenPart('5', { expiresAt: '2026-03-09T12:00:00.000Z' })
    given(holdPlaced({}, { revision: 5n }), extended).thenPart('5', {
      expiresAt: '2026-03-09T12:00:00.000Z',
    })
  })
})

describe('the books contradict', () => {
  it('where a hold moves that was never placed', () => {
    given(holdVoided()).thenContradiction('hold 5 was never placed')
  })

  it('where a hold moves that has ended', () => {
    given(
      placed,
      holdVoided({}, { revision: 6n }),
      holdCaptured({}, { revision: 7n }),
    ).thenContradiction('hold 5 was voided before')
  })

  it('where more is captured than held', () => {
    given(placed, holdCaptured({ amounts: ['1001'] }, { revision: 6n })).thenContradiction(
      'gives more than it holds',
    )
  })

  it('where a capture says that something else remains', () => {
    given(placed, holdCaptured({ remaining: ['599'] }, { revision: 6n })).thenContradiction(
      'keeps other amounts',
    )
  })

  it('where a hold ends with something reserved', () => {
    given(placed, holdExpired({ released: ['999'] }, { revision: 6n })).thenContradiction(
      'ends with amounts reserved',
    )
  })
})
