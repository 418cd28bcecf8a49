import { createHash, type Hash } from 'node:crypto'
import {
  parseHeader,
  restoreHead,
  restoreLine,
  type SnapshotHeader,
  snapshotLines,
} from '#commands/handler/books/snapshot-lines.ts'
import type { Ledger } from '#ledger/ledger.ts'

const chunkLength = 64 * 1024

/** A snapshot as the chunks of a file: its lines, and the SHA-256 of all of them as the last one. */
export function* snapshotChunks(ledger: Ledger, eventId: string): Iterable<string> {
  const hash = createHash('sha256')
  let chunk = ''
  for (const line of snapshotLines(ledger, eventId)) {
    chunk += `${line}\n`
    if (chunk.length < chunkLength) continue
    hash.update(chunk)
    yield chunk
    chunk = ''
  }
  hash.update(chunk)
  yield `${chunk}${checksumLine(hash)}\n`
}

/**
 * Puts a snapshot's lines into new books, and gives its header; undefined where there are no lines. The books are
 * nothing but rubble where it throws.
 * @throws {Error} with the reason why it is not to be used.
 */
export async function restoreSnapshot(
  ledger: Ledger,
  batches: AsyncIterable<readonly string[]>,
): Promise<SnapshotHeader | undefined> {
  const restoring = new Restoring(ledger)
  for await (const batch of batches) for (const line of batch) restoring.take(line)
  return restoring.end()
}

/** Takes lines in order, until the checksum over all of them. */
class Restoring {
  readonly #ledger: Ledger
  readonly #hash = createHash('sha256')
  #header: SnapshotHeader | undefined
  #linesLeft = 0
  #taken = 0
  #whole = false

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  take(line: string): void {
    if (this.#whole) throw new Error('it goes on after its end')
    if (this.#header !== undefined && this.#linesLeft === 0) return this.#check(line)
    this.#hash.update(`${line}\n`)
    if (this.#header === undefined) return this.#begin(line)
    restoreLine(this.#ledger, this.#header, [this.#taken, line])
    this.#taken += 1
    this.#linesLeft -= 1
  }

  end(): SnapshotHeader | undefined {
    const header = this.#header
    if (header === undefined) return undefined
    if (!this.#whole) throw new Error('it ends early')
    const { assets, accounts, openHolds } = this.#ledger
    if (
      assets.size !== header.assets ||
      accounts.size !== header.accounts ||
      openHolds.size !== header.openHolds
    )
      throw new Error('it says something twice')
    restoreHead(this.#ledger, header)
    return header
  }

  #begin(line: string): void {
    this.#header = parseHeader(line, this.#ledger.ledgerId)
    const { assets, accounts, openHolds } = this.#header
    this.#linesLeft = assets + accounts + openHolds
  }

  #check(line: string): void {
    if (line !== checksumLine(this.#hash)) throw new Error('its checksum is another one')
    this.#whole = true
  }
}

function checksumLine(hash: Hash): string {
  return JSON.stringify({ sha256: hash.digest('hex') })
}
