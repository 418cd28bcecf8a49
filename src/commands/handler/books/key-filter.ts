import type { FactKind, FilterLayer } from '#ports/books-cache.ts'

const bitsPerKey = 16
const probes = 8
const firstCapacity = 4_096
const lastCapacity = 2 ** 20

const seeds: Readonly<Record<FactKind, number>> = {
  key: 0x2545_f491,
  reference: 0x6c62_272e,
  reversal: 0x1b87_3593,
  'hold-end': 0x7feb_352d,
}

/**
 * Says of a key that it may be known, or that it certainly is not: a Bloom filter in layers, each filled before the
 * next is begun. About one answer in 2,000 per layer is a "may be" for nothing. Deterministic, and stored: what it
 * hashes to is for ever, like any stored form.
 */
export class KeyFilter {
  readonly #layers: Layer[] = []
  // The two hashes of the key that was asked for last: a pair for every call would be garbage.
  #first = 0
  #step = 0

  /** Takes the layers over. @throws {RangeError} where one has not the size that its place gives it. */
  static of(layers: Iterable<FilterLayer>): KeyFilter {
    const filter = new KeyFilter()
    for (const { layer, count, bits } of layers) {
      const made = layerAt(filter.#layers.length)
      if (layer !== filter.#layers.length || bits.length !== made.bits.length)
        throw new RangeError(`layer ${layer} of a filter has ${bits.length} bytes`)
      filter.#layers.push({ ...made, count, bits })
    }
    return filter
  }

  get bytes(): number {
    return this.#layers.reduce((sum, { bits }) => sum + bits.length, 0)
  }

  get layerCount(): number {
    return this.#layers.length
  }

  add(kind: FactKind, key: string): void {
    this.#hash(kind, key)
    if (this.#layers.some((layer) => this.#isIn(layer))) return
    const last = this.#layers.at(-1)
    if (last !== undefined && last.count < last.capacity) return this.#addTo(last)
    const next = layerAt(this.#layers.length)
    this.#layers.push(next)
    this.#addTo(next)
  }

  mayHave(kind: FactKind, key: string): boolean {
    this.#hash(kind, key)
    for (const layer of this.#layers) if (this.#isIn(layer)) return true
    return false
  }

  /** The layers from one on; those before it have not changed since it was begun. */
  *layersFrom(first: number): Iterable<FilterLayer> {
    for (const [layer, { count, bits }] of this.#layers.entries())
      if (layer >= first) yield { layer, count, bits }
  }

  #addTo(layer: Layer): void {
    const { bits, mask } = layer
    for (let probe = 0, at = this.#first; probe < probes; probe += 1, at += this.#step) {
      const bit = at & mask
      bits[bit >>> 3] = (bits[bit >>> 3] ?? 0) | (1 << (bit & 7))
    }
    layer.count += 1
  }

  #isIn({ bits, mask }: Layer): boolean {
    for (let probe = 0, at = this.#first; probe < probes; probe += 1, at += this.#step) {
      const bit = at & mask
      if (((bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) return false
    }
    return true
  }

  /** Two hashes over the UTF-16 units; the step is odd, so that the probes of a key are different bits. */
  #hash(kind: FactKind, key: string): void {
    let a = seeds[kind]
    let b = ~a
    for (let index = 0; index < key.length; index += 1) {
      const unit = key.charCodeAt(index)
      a = Math.imul(a ^ unit, 0x0100_0193)
      a ^= a >>> 15
      b = Math.imul(b ^ unit, 0x5bd1_e995)
      b ^= b >>> 13
    }
    this.#first = mixed(a ^ key.length)
    this.#step = mixed(b) | 1
  }
}

type Layer = {
  readonly capacity: number
  readonly bits: Uint8Array
  /** Bits are numbered from 0 to this, a power of two less one. */
  readonly mask: number
  count: number
}

function layerAt(index: number): Layer {
  const capacity = Math.min(firstCapacity * 2 ** index, lastCapacity)
  const bitCount = capacity * bitsPerKey
  return { capacity, bits: new Uint8Array(bitCount / 8), mask: bitCount - 1, count: 0 }
}

/** Every bit of the one tells on every bit of the other. */
function mixed(hash: number): number {
  let mixing = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  mixing = Math.imul(mixing ^ (mixing >>> 13), 0xc2b2_ae35)
  return mixing ^ (mixing >>> 16)
}
