import { createRequire } from 'node:module'

/** What the patch sees of a kafkajs `Encoder`: bytes written one after the other into a buffer that grows. */
type Encoder = { buf: Buffer; offset: number; ensureAvailable(length: number): void }

type EncoderClass = {
  nextPowerOfTwo(this: void, size: number): number
  readonly prototype: {
    ensureAvailable(this: Encoder, length: number): void
    writeUVarInt(this: Encoder, value: number): Encoder
  }
}

/** With this size kafkajs makes every encoder that is given none: eight for a record with seven headers. */
const usualSize = 511
const leastSize = 32
/** Of a number of 32 bits, seven to a byte. */
const varIntBytesMax = 5
const lowBits = 0x7f
const moreFollows = 0x80

const require = createRequire(import.meta.url)
let isPatched = false

/**
 * Lets kafkajs's encoders begin without a buffer and grow in pieces of Node's pool. Each would take 512 zeroed bytes of
 * its own at once, for a few bytes of a header. Measured: 24 µs against 11 µs for a record with our headers.
 */
export function patchEncoder(): void {
  if (isPatched) return
  isPatched = true
  const Encoder = encoderClass()
  const powerOfTwo = Encoder.nextPowerOfTwo
  Encoder.nextPowerOfTwo = (size) => (size === usualSize ? 0 : powerOfTwo(size))
  Encoder.prototype.ensureAvailable = function (length) {
    const needed = this.offset + length
    if (needed <= this.buf.length) return
    const larger = Buffer.allocUnsafe(powerOfTwo(Math.max(needed, leastSize)))
    this.buf.copy(larger, 0, 0, this.offset)
    this.buf = larger
  }
  // Without an array and a buffer for every number.
  Encoder.prototype.writeUVarInt = function (value) {
    this.ensureAvailable(varIntBytesMax)
    let left = value >>> 0
    for (; left > lowBits; left >>>= 7)
      this.offset = this.buf.writeUInt8((left & lowBits) | moreFollows, this.offset)
    this.offset = this.buf.writeUInt8(left, this.offset)
    return this
  }
}

/** A parsing edge: kafkajs has no types for its inside. */
function encoderClass(): EncoderClass {
  const loaded: EncoderClass = require('kafkajs/src/protocol/encoder')
  return loaded
}
