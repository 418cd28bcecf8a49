import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cursorSigner } from '#security/cursor-signer.ts'

const signer = cursorSigner('secret')
const question = { query: 'listHolds', ids: { ledgerId: 'acme' }, filter: { status: 'open' } }
const keyset = ['2026-03-01T12:00:00.000Z', '42']

describe('a cursor', () => {
  it('gives back what it was made of, for the question it was made for', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 4 }), (any) => {
        expect(signer.open(question, signer.seal(question, any))).toEqual(any)
      }),
    )
  })

  it('does not depend on the order of the filter', () => {
    const cursor = signer.seal({ a: '1', b: '2' }, keyset)
    expect(signer.open({ b: '2', a: '1' }, cursor)).toEqual(keyset)
  })

  it.each([
    ['query', { ...question, query: 'listAccounts' }],
    ['ledger', { ...question, ids: { ledgerId: 'other' } }],
    ['filter', { ...question, filter: { status: 'voided' } }],
    ['longer filter', { ...question, filter: { status: 'open', account: 'a' } }],
    ['empty filter', { ...question, filter: {} }],
  ])('is worth nothing for another %s', (_name, other) => {
    expect(signer.open(other, signer.seal(question, keyset))).toBeUndefined()
  })

  it('is worth nothing to another installation', () => {
    expect(cursorSigner('other').open(question, signer.seal(question, keyset))).toBeUndefined()
  })

  it('is worth nothing with any one character changed, added or taken away', () => {
    const cursor = signer.seal(question, keyset)
    for (let at = 0; at < cursor.length; at += 1) {
      const [before, after] = [cursor.slice(0, at), cursor.slice(at + 1)]
      const other = cursor[at] === 'A' ? 'B' : 'A'
      for (const tampered of [
        before + other + after,
        before + after,
        `${before}A${cursor.slice(at)}`,
      ])
        if (tampered !== cursor) expect(signer.open(question, tampered)).toBeUndefined()
    }
  })

  it.each(['', 'A', 'AAAA', '====', 'not a cursor', 'é', 'A'.repeat(43), 'A'.repeat(100_000)])(
    'is never made up: %.20s',
    (made) => {
      expect(signer.open(question, made)).toBeUndefined()
    },
  )
})
