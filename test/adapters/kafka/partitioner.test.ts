import { createRequire } from 'node:module'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { partitionOf } from '#adapters/kafka/partitioner.ts'
import { manyLedgers } from '#test/adapters/kafka/topics.ts'
import { runs } from '#test/support/property-runs.ts'

const theirs: (key: string) => number = createRequire(import.meta.url)(
  'kafkajs/src/producer/partitioners/default/murmur2',
)
const partitions = 0x7fff_ffff

describe('the partition of a ledger', () => {
  // From Kafka's own test of Utils.murmur2: its hash of these bytes.
  it.each([
    ['21', -973_932_308],
    ['foobar', -790_332_482],
    ['a-little-bit-long-string', -985_981_536],
    ['a-little-bit-longer-string', -1_486_304_829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
  ])("is where Kafka's Java client puts the key %s", (key, hash) => {
    expect(partitionOf(key, partitions)).toBe((hash & 0x7fff_ffff) % partitions)
  })

  it('is where kafkajs puts it, too', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 63 }), (key) => {
        expect(partitionOf(key, partitions)).toBe((theirs(key) & 0x7fff_ffff) % partitions)
      }),
      runs(300),
    )
  })

  it('spreads ledgers', () => {
    const counts = Map.groupBy(manyLedgers(6_000), (ledgerId) => partitionOf(ledgerId, 6))
    expect(new Set(counts.keys())).toEqual(new Set([0, 1, 2, 3, 4, 5]))
    for (const ledgers of counts.values()) expect(ledgers.length).toBeGreaterThan(800)
  })
})
