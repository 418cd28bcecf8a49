import { createHash } from 'node:crypto'
import { ledgerPages } from '#cli/log-pages.ts'
import { decodeEvent } from '#events/decode.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import { ledgerStream } from '#events/stream-names.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { Document } from '#ports/read-models.ts'
import { type Contained, evolved, type Evolving } from '#projections/runtime/evolved.ts'
import { canonicalJson } from '#values/canonical-json.ts'

/** What a read model of one ledger must hold, from the log alone. */
export type Expected = {
  /** Reads the log up to a revision, from where it was. */
  scanTo(revision: bigint): Promise<void>
  /** How many documents there are, as far as was scanned. */
  readonly count: number
  /** Those of these documents that there are, at a revision that was scanned. */
  documentsOf(ids: readonly string[], at: bigint): Promise<ReadonlyMap<string, ExpectedDocument>>
  /** Every document's id, as far as was scanned. */
  ids(): AsyncIterable<string>
}

/** `digest` stands for a document that nothing more is made of: that of its canonical JSON. */
export type ExpectedDocument = { readonly revision: bigint } & (
  | { readonly document: Document }
  | { readonly digest: string }
)

/** A model is the fold without the events that somebody had skipped in it. */
export type Folding = Evolving & { readonly store: EventStore }

/**
 * Read models of about a document for each event, whose ids begin with the revision of the event that made them. All others
 * are kept: whoever adds one need not know of this.
 */
const chained: ReadonlySet<string> = new Set(['transactions', 'holds', 'entries', 'commands'])

export function expectedDocuments(folding: Folding): Expected & { readonly onlyNow: boolean } {
  return chained.has(folding.projection.name)
    ? new ChainedDocuments(folding)
    : new FoldedDocuments(folding)
}

/**
 * Keeps every document: of most read models as many as there are accounts; of closed documents that are part of another only a digest.
 * Knows them only as of the last revision scanned.
 */
class FoldedDocuments implements Expected {
  readonly onlyNow = true
  readonly #folding: Folding
  readonly #documents = new Map<string, ExpectedDocument>()
  #next = 0n

  constructor(folding: Folding) {
    this.#folding = folding
  }

  get count(): number {
    return this.#documents.size
  }

  async scanTo(revision: bigint): Promise<void> {
    const { projection } = this.#folding
    for await (const event of eventsOf(this.#folding, this.#next, revision)) {
      this.#next = event.revision + 1n
      for (const id of projection.keysOf(event)) {
        const before = this.#before(id)
        if (before !== undefined) this.#close(before.document, event, id)
        const document = evolved(this.#folding, before, { event, id })
        this.#documents.set(id, { revision: event.revision, document })
      }
    }
  }

  #close(before: Document, { revision }: RecordedEvent, key: string): void {
    for (const closing of this.#folding.projection.closings?.(before, key) ?? []) {
      const document = closing.make(closing.parts.map((part) => this.#document(part)))
      this.#documents.set(closing.id, { revision, document })
      for (const part of closing.parts) this.#digest(part)
    }
  }

  #before(id: string): Contained | undefined {
    const expected = this.#documents.get(id)
    return expected && { revision: expected.revision, document: this.#document(id) }
  }

  #document(id: string): Document {
    const expected = this.#documents.get(id)
    if (expected === undefined || !('document' in expected)) throw new Error(`${id} is not kept`)
    return expected.document
  }

  #digest(id: string): void {
    const revision = this.#documents.get(id)?.revision ?? -1n
    this.#documents.set(id, { revision, digest: digestOf(this.#document(id)) })
  }

  async documentsOf(): Promise<ReadonlyMap<string, ExpectedDocument>> {
    return this.#documents
  }

  async *ids(): AsyncIterable<string> {
    yield* this.#documents.keys()
  }
}

/** Keeps only which later events touch a document, and folds its few events when it is asked for. */
class ChainedDocuments implements Expected {
  readonly onlyNow = false
  count = 0
  readonly #folding: Folding
  readonly #later = new Map<string, bigint[]>()
  #next = 0n

  constructor(folding: Folding) {
    this.#folding = folding
  }

  async scanTo(revision: bigint): Promise<void> {
    const { projection } = this.#folding
    for await (const event of eventsOf(this.#folding, this.#next, revision)) {
      this.#next = event.revision + 1n
      for (const id of projection.keysOf(event)) {
        if (birthOf(id) === event.revision) this.count += 1
        else this.#later.set(id, [...(this.#later.get(id) ?? []), event.revision])
      }
    }
  }

  async documentsOf(
    ids: readonly string[],
    at: bigint,
  ): Promise<ReadonlyMap<string, ExpectedDocument>> {
    const chains = ids.map((id) => ({
      id,
      revisions: [birthOf(id), ...(this.#later.get(id) ?? [])].filter((revision) => revision <= at),
    }))
    const events = await this.#eventsAt(chains.flatMap(({ revisions }) => revisions))
    const documents = new Map<string, ExpectedDocument>()
    for (const { id, revisions } of chains) {
      const expected = this.#folded(
        id,
        revisions.flatMap((revision) => events.get(revision) ?? []),
      )
      if (expected !== undefined) documents.set(id, expected)
    }
    return documents
  }

  async *ids(): AsyncIterable<string> {
    const { projection } = this.#folding
    for await (const event of eventsOf(this.#folding, 0n, this.#next - 1n))
      for (const id of projection.keysOf(event)) if (birthOf(id) === event.revision) yield id
  }

  #folded(id: string, events: readonly RecordedEvent[]): ExpectedDocument | undefined {
    const { projection } = this.#folding
    let expected: Contained | undefined
    for (const event of events) {
      if (!projection.keysOf(event).includes(id)) continue
      const document = evolved(this.#folding, expected, { event, id })
      expected = { revision: event.revision, document }
    }
    return expected
  }

  /** Reads neighbours together. */
  async #eventsAt(revisions: readonly bigint[]): Promise<ReadonlyMap<bigint, RecordedEvent>> {
    const { store, ledgerId, projection, skips } = this.#folding
    const events = new Map<bigint, RecordedEvent>()
    const wanted = [...new Set(revisions)].filter((revision) => revision >= 0n).toSorted(byNumber)
    for (let at = 0; at < wanted.length; ) {
      const from = wanted[at] ?? 0n
      let length = 1
      while (wanted[at + length] === from + BigInt(length)) length += 1
      const page = await store.readStream(ledgerStream(ledgerId), from, length)
      for (const { json, revision } of page)
        if (!skips.isSkipped(projection, ledgerId, revision))
          events.set(revision, decodeEvent(json))
      // A page may be shorter than asked for; an empty one means that the log ends here.
      at += page.length === 0 ? length : page.length
    }
    return events
  }
}

export function digestOf(document: Document): string {
  return createHash('sha256').update(canonicalJson(document)).digest('base64')
}

async function* eventsOf(
  { store, ledgerId, projection, skips }: Folding,
  from: bigint,
  to: bigint,
): AsyncGenerator<RecordedEvent> {
  for await (const page of ledgerPages(store, ledgerId, { from, to }))
    for (const { json, revision } of page)
      if (!skips.isSkipped(projection, ledgerId, revision)) yield decodeEvent(json)
}

/** The revision that an id begins with; -1 for what is no such id. */
function birthOf(id: string): bigint {
  const [first = ''] = id.split('/')
  return /^\d{1,18}$/.test(first) ? BigInt(first) : -1n
}

function byNumber(a: bigint, b: bigint): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
