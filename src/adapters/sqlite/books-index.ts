import { crc32 } from 'node:zlib'
import type { ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import {
  BooksCacheUnavailable,
  type Fact,
  type FactKind,
  type FactQuestion,
  type FilterLayer,
  type IndexedLedger,
} from '#ports/books-cache.ts'
import type { LedgerId } from '#values/ids.ts'

const kindCodes: Readonly<Record<FactKind, number>> = {
  key: 1,
  reference: 2,
  reversal: 3,
  'hold-end': 4,
}

const findFact = `SELECT revision, value, checksum FROM facts
  WHERE ledger = ? AND kind = ? AND key = ? AND revision <= ? ORDER BY revision DESC LIMIT 1`
const findNumber = 'SELECT 1 FROM ledgers WHERE number = ?'
const findLedger = 'SELECT number, facts_to, facts_event, filter_to FROM ledgers WHERE ledger = ?'
const findLayer = 'SELECT count, bits FROM layers WHERE ledger = ? AND layer = ?'

const addFact = 'INSERT OR IGNORE INTO facts VALUES (?, ?, ?, ?, ?, ?)'
const moveFacts = `UPDATE ledgers SET facts_to = ?, facts_event = ? WHERE number = ? AND facts_to < ?`
const putLayer = 'INSERT OR REPLACE INTO layers VALUES (?, ?, ?, ?)'
const moveFilter = 'UPDATE ledgers SET filter_to = ? WHERE number = ? AND filter_to = ?'
const dropLedger = 'DELETE FROM ledgers WHERE ledger = ?'
const addLedger = `INSERT INTO ledgers (ledger, facts_to, facts_event, filter_to)
  VALUES (?, -1, '', -1) RETURNING number, facts_to, facts_event, filter_to`

const discard = 'INSERT INTO discarded SELECT number FROM ledgers WHERE ledger = ?'
const findDiscarded = 'SELECT number FROM discarded LIMIT 1'
const dropFacts = `DELETE FROM facts WHERE (ledger, kind, key, revision) IN
  (SELECT ledger, kind, key, revision FROM facts WHERE ledger = ? LIMIT 5000)`
const dropLayers = 'DELETE FROM layers WHERE ledger = ?'
const dropDiscarded = 'DELETE FROM discarded WHERE number = ?'

/** The index of facts behind one connection. Throws SQLite's errors and `BooksCacheUnavailable`. */
export class BooksIndex {
  readonly #connection: ReadModelConnection

  constructor(connection: ReadModelConnection) {
    this.#connection = connection
  }

  indexed(ledgerId: LedgerId): IndexedLedger | undefined {
    const row = this.#connection.prepare(findLedger).get(ledgerId)
    return row && indexedLedger(row)
  }

  filterLayer(number: bigint, layer: number): FilterLayer | undefined {
    const row = this.#connection.prepare(findLayer).get(number, layer)
    if (row === undefined) return undefined
    const { count, bits } = row
    if (typeof count !== 'bigint' || !(bits instanceof Uint8Array)) throw wrongBytes()
    return { layer, count: Number(count), bits }
  }

  /** A fact that isn't found says nothing where all of the ledger's are gone. */
  find(number: bigint, { kind, key, atMost }: FactQuestion) {
    const row = this.#connection.prepare(findFact).get(number, kindCodes[kind], key, atMost)
    if (row === undefined) {
      this.#requireNumber(number)
      return undefined
    }
    const { revision, value, checksum } = row
    if (typeof revision !== 'bigint' || typeof value !== 'string') throw wrongBytes()
    if (checksum !== BigInt(checksumOf(number, { kind, key, revision, value }))) throw wrongBytes()
    return { revision, value }
  }

  beginAnew(ledgerId: LedgerId): IndexedLedger {
    let begun: IndexedLedger | undefined
    this.#connection.transaction(() => {
      this.#connection.prepare(discard).run(ledgerId)
      this.#connection.prepare(dropLedger).run(ledgerId)
      const row = this.#connection.prepare(addLedger).get(ledgerId)
      begun = row && indexedLedger(row)
      return true
    })
    if (begun === undefined) throw new Error('a ledger was not put into the index')
    return begun
  }

  learn(
    number: bigint,
    facts: readonly Fact[],
    to: { readonly revision: bigint; readonly eventId: string },
  ): void {
    this.#connection.transaction(() => {
      this.#requireNumber(number)
      const add = this.#connection.prepare(addFact)
      for (const fact of facts) {
        const { kind, key, revision, value } = fact
        add.run(number, kindCodes[kind], key, revision, value, checksumOf(number, fact))
      }
      this.#connection.prepare(moveFacts).run(to.revision, to.eventId, number, to.revision)
      return true
    })
  }

  saveFilter(
    number: bigint,
    layers: readonly FilterLayer[],
    { from, to }: { readonly from: bigint; readonly to: bigint },
  ): void {
    this.#connection.transaction(() => {
      const { changes } = this.#connection.prepare(moveFilter).run(to, number, from)
      if (Number(changes) !== 1)
        throw new BooksCacheUnavailable('the filter was changed by somebody else')
      const put = this.#connection.prepare(putLayer)
      for (const { layer, count, bits } of layers) put.run(number, layer, count, bits)
      return true
    })
  }

  /** Takes away some facts of a number that stands for no ledger; false once there are none. */
  tidy(): boolean {
    const number = this.#connection.prepare(findDiscarded).get()?.['number']
    if (typeof number !== 'bigint') return false
    return this.#connection.transaction(() => {
      const { changes } = this.#connection.prepare(dropFacts).run(number)
      if (Number(changes) > 0) return true
      this.#connection.prepare(dropLayers).run(number)
      this.#connection.prepare(dropDiscarded).run(number)
      return true
    })
  }

  #requireNumber(number: bigint): void {
    if (this.#connection.prepare(findNumber).get(number) !== undefined) return
    throw new BooksCacheUnavailable('the ledger was put into the index anew')
  }
}

/** SQLite has no checksums of its own: a flipped bit in a number is as good as another number. */
function checksumOf(number: bigint, { kind, key, revision, value }: Fact): number {
  return crc32(`${number} ${kind} ${revision} ${value} ${key}`)
}

function indexedLedger(row: Readonly<Record<string, unknown>>): IndexedLedger {
  const { number, facts_to: factsTo, facts_event: factsEventId, filter_to: filterTo } = row
  if (typeof number !== 'bigint' || typeof factsTo !== 'bigint') throw wrongBytes()
  if (typeof factsEventId !== 'string' || typeof filterTo !== 'bigint') throw wrongBytes()
  return { number, factsTo, factsEventId, filterTo }
}

function wrongBytes(): BooksCacheUnavailable {
  return new BooksCacheUnavailable('the index holds other bytes than were written')
}
