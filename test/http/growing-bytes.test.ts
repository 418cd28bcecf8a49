import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GrowingBytes } from '#http/growing-bytes.ts'

describe('bytes that come in pieces', () => {
  it('are what came, whatever the pieces, and at most twice as much is held', () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 60 })
    fc.assert(
      fc.property(pieces, fc.nat(500), (sent, spare) => {
        const whole = Buffer.concat(sent)
        const bytes = new GrowingBytes(whole.length + spare)
        let told = 0
        for (const piece of sent) {
          told += bytes.growthFor(piece.length)
          bytes.add(Buffer.from(piece))
          expect(bytes.held).toBe(told)
          expect(bytes.held).toBeLessThanOrEqual(Math.min(2 * bytes.size, whole.length + spare))
        }
        expect(bytes.whole().equals(whole)).toBe(true)
      }),
    )
  })

  it('are the piece itself where it is the only one', () => {
    const bytes = new GrowingBytes(100)
    const piece = Buffer.from('{}')
    bytes.add(piece)
    expect(bytes.whole()).toBe(piece)
  })

  it('never take more than their maximum', () => {
    const bytes = new GrowingBytes(100)
    for (let count = 0; count < 100; count += 1) bytes.add(Buffer.from('x'))
    expect([bytes.size, bytes.held]).toEqual([100, 100])
  })
})
