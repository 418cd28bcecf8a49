/**
 * The partition of a ledger: murmur2 of its id's UTF-8 bytes with the sign bit cleared, modulo the number of
 * partitions. That is what Kafka's Java client does with a key by default, so other clients find the same place.
 */
export function partitionOf(ledgerId: string, partitions: number): number {
  return (murmur2(Buffer.from(ledgerId)) & 0x7fff_ffff) % partitions
}

const seed = 0x9747_b28c
const multiplier = 0x5bd1_e995

/** As in `org.apache.kafka.common.utils.Utils.murmur2`, in 32-bit arithmetic. */
function murmur2(bytes: Buffer): number {
  const whole = bytes.length - (bytes.length % 4)
  let hash = seed ^ bytes.length
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), multiplier)
    word = Math.imul(word ^ (word >>> 24), multiplier)
    hash = Math.imul(hash, multiplier) ^ word
  }
  if (whole < bytes.length) {
    for (let at = bytes.length - 1; at >= whole; at -= 1)
      hash ^= bytes.readUInt8(at) << (8 * (at - whole))
    hash = Math.imul(hash, multiplier)
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier)
  return hash ^ (hash >>> 15)
}
