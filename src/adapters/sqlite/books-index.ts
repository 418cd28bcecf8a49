import { crc32 } from 'node:zlib'
import { checksumOf, FactsDamaged, kindCodes, wholeFact } from '#adapters/sqlite/books-fact-rows.ts'
import { BooksMarks } from '#adapters/sqlite/books-marks.ts'
import type { ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import {
  BooksCacheUnavailable,
  type Fact,
  type FactQuestion,
  type FilterLayer,
  type IndexedLedger,
} from '#ports/books-cache.ts'
import type { LedgerId } from '#values/ids.ts'

const findFact = `SELECT revision, value, checksum FROM facts
  WHERE ledger = ? AND kind = ? AND key = ? AND revision <= ? ORDER BY revision DESC LIMIT 1`
const findNext = `SELECT * FROM facts WHERE (ledger, kind, key, revision) > (?, ?, ?, ?)
  ORDER BY ledger, kind, key, revision LIMIT 1`
const findPrevious = `SELECT * FROM facts WHERE (ledger, kind, key, revision) < (?, ?, ?, ?)
  ORDER BY ledger DESC, kind DESC, key DESC, revision DESC LIMIT 1`
const findNumber = 'SELECT 1 FROM ledgers WHERE number = ?'
const findLedger = 'SELECT * FROM ledgers WHERE ledger = ?'
const findLedgerOf = 'SELECT * FROM ledgers WHERE number = ?'
const findLayer = 'SELECT count, bits, checksum FROM layers WHERE ledger = ? AND layer = ?'

const addFact = 'INSERT OR IGNORE INTO facts VALUES (?, ?, ?, ?, ?, ?)'
const putLayer = 'INSERT OR REPLACE INTO layers VALUES (?, ?, ?, ?, ?)'
const dropLedger = 'DELETE FROM ledgers WHERE ledger = ?'
const addLedger = `INSERT INTO ledgers (ledger, facts_to, facts_event, filter_to, filter_layers, checksum)
  VALUES (?, -1, '', -1, 0, 0) RETURNING number`
const putLedger = `UPDATE ledgers
  SET facts_to = ?, facts_event = ?, filter_to = ?, filter_layers = ?, checksum = ? WHERE number = ?`

const discard = 'INSERT INTO discarded SELECT number FROM ledgers WHERE ledger = ?'
const findDiscarded = 'SELECT number FROM discarded LIMIT 1'
const dropFacts = `DELETE FROM facts WHERE (ledger, kind, key, revision) IN
  (SELECT ledger, kind, key, revision FROM facts WHERE ledger = ? LIMIT ?)`
const dropLayers = 'DELETE FROM layers WHERE ledger = ?'
const dropDiscarded = 'DELETE FROM discarded WHERE number = ?'

const tidiedMax = 5_000

/** The index of facts behind one connection. Throws SQLite's errors and `BooksCacheUnavailable`. */
export class BooksIndex {
  readonly #connection: ReadModelConnection
  readonly #marks: BooksMarks

  constructor(connection: ReadModelConnection) {
    this.#connection = connection
    this.#marks = new BooksMarks(connection)
  }

  indexed(ledgerId: LedgerId): IndexedLedger | undefined {
    const row = this.#connection.prepare(findLedger).get(ledgerId)
    return row && indexedLedger(row)
  }

  filterLayer(number: bigint, layer: number): FilterLayer | undefined {
    const row = this.#connection.prepare(findLayer).get(number, layer)
    if (row === undefined) return undefined
    const { count, bits, checksum } = row
    if (typeof count !== 'bigint' || !(bits instanceof Uint8Array)) throw wrongBytes()
    const found = { layer, count: Number(count), bits }
    if (checksum !== BigInt(checksumOfLayer(number, found))) throw wrongBytes()
    return found
  }

  /** That there is none, or none that is newer, is believed only where the marks have none either. */
  find(number: bigint, question: FactQuestion) {
    const found = this.#find(number, question)
    if (this.#marks.has(number, question, (found?.revision ?? -1n) + 1n)) throw new FactsDamaged()
    return found
  }

  /** A fact that isn't found says nothing where all of the ledger's are gone. */
  #find(number: bigint, { kind, key, atMost }: FactQuestion) {
    const row = this.#connection.prepare(findFact).get(number, kindCodes[kind], key, atMost)
    if (row === undefined) {
      this.#requireNumber(number)
      this.#requireNeighbours([number, kindCodes[kind], key, atMost])
      return undefined
    }
    const { revision, value } = wholeFact({ ...row, ledger: number, kind: kindCodes[kind], key })
    return { revision, value }
  }

  /**
   * A fact whose key has become another one isn't found, but stands where it stood: a search for the key that it had
   * ends beside it. So does one that ended in a page of the marks, in which the same fact may have been marked.
   */
  #requireNeighbours(place: readonly [bigint, number, string, bigint]): void {
    for (const text of [findNext, findPrevious]) {
      const beside = this.#connection.prepare(text).get(...place)
      if (beside !== undefined) wholeFact(beside)
    }
  }

  beginAnew(ledgerId: LedgerId): IndexedLedger {
    let begun: IndexedLedger | undefined
    this.#connection.transaction(() => {
      this.#connection.prepare(discard).run(ledgerId)
      this.#connection.prepare(dropLedger).run(ledgerId)
      const number = this.#connection.prepare(addLedger).get(ledgerId)?.['number']
      if (typeof number !== 'bigint') return false
      begun = { number, factsTo: -1n, factsEventId: '', filterTo: -1n, filterLayers: 0 }
      this.#put(ledgerId, begun)
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
      const { ledgerId, indexed } = this.#ledgerOf(number)
      const add = this.#connection.prepare(addFact)
      for (const fact of facts) {
        const { kind, key, revision, value } = fact
        add.run(number, kindCodes[kind], key, revision, value, checksumOf(number, fact))
      }
      this.#marks.add(number, facts)
      if (indexed.factsTo < to.revision)
        this.#put(ledgerId, { ...indexed, factsTo: to.revision, factsEventId: to.eventId })
      return true
    })
  }

  saveFilter(
    number: bigint,
    layers: readonly FilterLayer[],
    { from, to }: { readonly from: bigint; readonly to: bigint },
  ): void {
    this.#connection.transaction(() => {
      const { ledgerId, indexed } = this.#ledgerOf(number)
      if (indexed.filterTo !== from)
        throw new BooksCacheUnavailable('the filter was changed by somebody else')
      const put = this.#connection.prepare(putLayer)
      for (const each of layers)
        put.run(number, each.layer, each.count, each.bits, checksumOfLayer(number, each))
      const filterLayers = Math.max(indexed.filterLayers, ...layers.map(({ layer }) => layer + 1))
      this.#put(ledgerId, { ...indexed, filterTo: to, filterLayers })
      return true
    })
  }

  /** Takes away some facts of a number that stands for no ledger; false once there are none. */
  tidy(): boolean {
    const number = this.#connection.prepare(findDiscarded).get()?.['number']
    if (typeof number !== 'bigint') return false
    return this.#connection.transaction(() => {
      const { changes } = this.#connection.prepare(dropFacts).run(number, tidiedMax)
      if (Number(changes) > 0 || this.#marks.drop(number, tidiedMax)) return true
      this.#connection.prepare(dropLayers).run(number)
      this.#connection.prepare(dropDiscarded).run(number)
      return true
    })
  }

  #ledgerOf(number: bigint): { readonly ledgerId: LedgerId; readonly indexed: IndexedLedger } {
    const row = this.#connection.prepare(findLedgerOf).get(number)
    if (row === undefined) throw begunAnew()
    if (typeof row['ledger'] !== 'string') throw wrongBytes()
    return { ledgerId: row['ledger'], indexed: indexedLedger(row) }
  }

  #put(ledgerId: LedgerId, indexed: IndexedLedger): void {
    const { number, factsTo, factsEventId, filterTo, filterLayers } = indexed
    const checksum = checksumOfLedger(ledgerId, indexed)
    const put = this.#connection.prepare(putLedger)
    put.run(factsTo, factsEventId, filterTo, filterLayers, checksum, number)
  }

  #requireNumber(number: bigint): void {
    if (this.#connection.prepare(findNumber).get(number) !== undefined) return
    throw begunAnew()
  }
}

/** A bit that is lost from a filter is a key that was never used. */
function checksumOfLayer(number: bigint, { layer, count, bits }: FilterLayer): number {
  return crc32(bits, crc32(`${number} ${layer} ${count} `))
}

function checksumOfLedger(ledgerId: LedgerId, indexed: IndexedLedger): number {
  const { number, factsTo, factsEventId, filterTo, filterLayers } = indexed
  return crc32(`${number} ${factsTo} ${factsEventId} ${filterTo} ${filterLayers} ${ledgerId}`)
}

function indexedLedger(row: Readonly<Record<string, unknown>>): IndexedLedger {
  const { ledger, number, facts_to: factsTo, facts_event: factsEventId } = row
  const { filter_to: filterTo, filter_layers: layers, checksum } = row
  if (typeof number !== 'bigint' || typeof factsTo !== 'bigint') throw wrongBytes()
  if (typeof ledger !== 'string' || typeof factsEventId !== 'string') throw wrongBytes()
  if (typeof filterTo !== 'bigint' || typeof layers !== 'bigint') throw wrongBytes()
  const indexed = { number, factsTo, factsEventId, filterTo, filterLayers: Number(layers) }
  if (checksum !== BigInt(checksumOfLedger(ledger, indexed))) throw wrongBytes()
  return indexed
}

function begunAnew(): BooksCacheUnavailable {
  return new BooksCacheUnavailable('the ledger was put into the index anew')
}

function wrongBytes(): BooksCacheUnavailable {
  return new BooksCacheUnavailable('the index holds other bytes than were written')
}
