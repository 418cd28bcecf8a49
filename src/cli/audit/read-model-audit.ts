import {
  digestOf,
  type Expected,
  type ExpectedDocument,
  expectedDocuments,
  type Folding,
} from '#cli/audit/expected-documents.ts'
import type { Finding } from '#cli/audit/finding.ts'
import { checkpointIn } from '#cli/checkpoint-in.ts'
import { UndecodableEvent } from '#events/lift.ts'
import { ledgerStream } from '#events/stream-names.ts'
import {
  type ReadModels,
  ReadViewOutdated,
  type ReadView,
  type StoredDocument,
} from '#ports/read-models.ts'
import { inView } from '#queries/in-view.ts'
import { canonicalJson } from '#values/canonical-json.ts'

const pageSize = 500
const findingsMax = 100

/** Told how many documents were compared. */
export type Compared = (documents: number) => void

/**
 * Compares one read model of one ledger with the fold of the log up to the model's checkpoint. A server may go on
 * writing: pages are compared as of the checkpoint that they were read under.
 */
export async function* auditReadModel(
  parts: Folding & { readonly readModels: ReadModels },
  compared: Compared,
): AsyncGenerator<Finding> {
  const { store, projection, readModels, ledgerId } = parts
  const finding = (detail: string): Finding => ({
    ledgerId,
    rule: 'read-model',
    detail: `${projection.name}: ${detail}`,
  })
  const checkpoint = await checkpointIn(readModels, projection, ledgerId)
  if (checkpoint?.parked !== undefined)
    yield finding(`parked at revision ${checkpoint.parked.revision}: ${checkpoint.parked.reason}`)
  const head = await store.head(ledgerStream(ledgerId))
  const last = head === 'no-stream' ? -1n : head
  if (checkpoint !== undefined && checkpoint.revision > last) {
    yield finding(`has applied revision ${checkpoint.revision}, the log ends at ${last}`)
    return
  }
  const comparison = new Comparison(parts, compared)
  let findings = 0
  for await (const detail of comparison.run(checkpoint?.revision ?? -1n)) {
    yield finding(detail)
    findings += 1
    if (findings === findingsMax) {
      yield finding('there is more; the comparison of this read model was stopped')
      return
    }
  }
}

type Page = { readonly at: bigint; readonly documents: readonly StoredDocument[] }

class Comparison {
  readonly #parts: Folding & { readonly readModels: ReadModels }
  readonly #compared: Compared
  readonly #expected: Expected & { readonly onlyNow: boolean }
  #view: ReadView | undefined

  constructor(parts: Folding & { readonly readModels: ReadModels }, compared: Compared) {
    this.#parts = parts
    this.#compared = compared
    this.#expected = expectedDocuments(parts)
  }

  async *run(checkpoint: bigint): AsyncGenerator<string> {
    try {
      await this.#expected.scanTo(checkpoint)
    } catch (error) {
      yield `the log can't be folded: ${error instanceof Error ? error.message : String(error)}`
      return
    }
    try {
      yield* this.#differences(checkpoint)
    } catch (error) {
      // A newer program may be writing, and its projector be ahead.
      if (!(error instanceof UndecodableEvent)) throw error
      yield `the log can't be folded: ${error.message}`
    }
  }

  async *#differences(checkpoint: bigint): AsyncGenerator<string> {
    let known = 0
    let end = checkpoint
    for await (const { at, documents } of this.#pages()) {
      await this.#expected.scanTo(at)
      end = at
      const expected = await this.#expected.documentsOf(
        documents.map(({ id }) => id),
        at,
      )
      for (const stored of documents) {
        if (expected.has(stored.id)) known += 1
        const difference = differenceOf(stored, expected.get(stored.id))
        if (difference !== undefined) yield difference
      }
      this.#compared(documents.length)
    }
    if (known < this.#expected.count) yield* this.#missing(end)
  }

  /** All documents in the order of the model's smallest index. */
  async *#pages(): AsyncGenerator<Page> {
    let after: readonly string[] | undefined
    try {
      for (;;) {
        const page = await this.#nextPage(after)
        yield page
        const last = page.documents.at(-1)
        if (last === undefined || page.documents.length < pageSize) return
        after = this.#keyOf(last)
      }
    } finally {
      await this.#leaveView()
    }
  }

  /** In the view of the page before only where they must be of one moment, and for as long as that lasts. */
  async #nextPage(after: readonly string[] | undefined): Promise<Page> {
    const { readModels, ledgerId } = this.#parts
    try {
      if (this.#expected.onlyNow) {
        this.#view ??= await readModels.view(ledgerId)
        return await this.#page(this.#view, after)
      }
    } catch (error) {
      if (!(error instanceof ReadViewOutdated)) throw error
      await this.#leaveView()
    }
    return inView(readModels, ledgerId, (view) => this.#page(view, after))
  }

  async #leaveView(): Promise<void> {
    await this.#view?.[Symbol.asyncDispose]()
    this.#view = undefined
  }

  async #page(view: ReadView, after: readonly string[] | undefined): Promise<Page> {
    const { projection } = this.#parts
    const at = (await view.checkpoint(projection))?.revision ?? -1n
    const find = { where: [], orderBy: this.#order(), limit: pageSize }
    const documents = await view.find(projection, after === undefined ? find : { ...find, after })
    return { at, documents }
  }

  #order(): readonly string[] {
    const { indexes } = this.#parts.projection
    return indexes.toSorted((a, b) => a.length - b.length)[0] ?? []
  }

  #keyOf({ id, document }: StoredDocument): readonly string[] {
    const valueOf = (field: string) => {
      const value = document[field]
      return typeof value === 'string' ? value : ''
    }
    return [...this.#order().map(valueOf), id]
  }

  async *#missing(at: bigint): AsyncGenerator<string> {
    const { projection, readModels, ledgerId } = this.#parts
    for await (const id of this.#expected.ids()) {
      const found = await inView(readModels, ledgerId, (view) => view.get(projection, id))
      if (found === undefined) yield `document ${id} is missing at revision ${at}`
    }
  }
}

function differenceOf(
  { id, revision, document }: StoredDocument,
  expected: ExpectedDocument | undefined,
): string | undefined {
  if (expected === undefined) return `document ${id} comes of no event`
  if (revision !== expected.revision)
    return `document ${id} is of revision ${revision}, the log makes it ${expected.revision}`
  const stored = canonicalJson(document)
  if ('digest' in expected)
    return digestOf(document) === expected.digest
      ? undefined
      : `document ${id} is ${stored}, the log makes another`
  const made = canonicalJson(expected.document)
  return stored === made ? undefined : `document ${id} is ${stored}, the log makes it ${made}`
}
