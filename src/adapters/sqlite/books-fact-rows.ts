import { crc32 } from 'node:zlib'
import { BooksCacheUnavailable, type Fact, type FactKind } from '#ports/books-cache.ts'

/** What stands for a kind in the index: stored, and so for ever. */
export const kindCodes: Readonly<Record<FactKind, number>> = {
  key: 1,
  reference: 2,
  reversal: 3,
  'hold-end': 4,
}

const kinds = Object.keys(kindCodes).filter(isKind)

/** The facts of an index are not what was written: nothing of it is to be used again. */
export class FactsDamaged extends BooksCacheUnavailable {
  constructor() {
    super('the index holds other facts than were written')
  }
}

/** SQLite has no checksums of its own: a flipped bit in a number is as good as another number. */
export function checksumOf(number: bigint, { kind, key, revision, value }: Fact): number {
  return crc32(`${number} ${kind} ${revision} ${value} ${key}`)
}

/** The fact in a row. @throws {FactsDamaged} where it is not as it was written. */
export function wholeFact(row: Readonly<Record<string, unknown>>): Fact {
  const { ledger, key, revision, value, checksum } = row
  const kind = kinds.find((each) => kindCodes[each] === Number(row['kind']))
  if (typeof ledger !== 'bigint' || typeof key !== 'string' || kind === undefined)
    throw new FactsDamaged()
  if (typeof revision !== 'bigint' || typeof value !== 'string') throw new FactsDamaged()
  const fact = { kind, key, revision, value }
  if (checksum !== BigInt(checksumOf(ledger, fact))) throw new FactsDamaged()
  return fact
}

function isKind(text: string): text is FactKind {
  return Object.hasOwn(kindCodes, text)
}
