import {
  digestOf,
  type Expected,
  type ExpectedDocument,
  expectedDocuments,
  type Folding,
} from '#cli/audit/expected-documents.ts'
import type { Finding } from '#cli/audit/finding.ts'
import { checkpointIn } from '#cli/checkpoint-in.ts'
import { endOf, findPage, type IdPage, upTo } from '#cli/id-pages.ts'
import { unreadSentence } from '#cli/unread.ts'
import { UndecodableEvent } from '#events/lift.ts'
import { ledgerStream } from '#events/stream-names.ts'
import {
  type ReadModels,
  ReadModelsUnavailable,
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
  /** Where the checkpoint stood in the views that the last page was asked of. */
  #tried: bigint[] = []

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
      yield this.#whyNot(error)
    }
  }

  /** Why the rest can't be compared. @throws what should not have happened. */
  #whyNot(error: unknown): string {
    // A newer program may be writing, and its projector be ahead.
    if (error instanceof UndecodableEvent) return `the log can't be folded: ${error.message}`
    if (!isOutdated(error)) throw error
    return unreadSentence(this.#tried.at(0) ?? -1n, this.#tried.at(-1) ?? -1n)
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
      const seen = new Set<string>()
      for (const stored of documents) {
        if (seen.has(stored.id)) yield `${nameOf(stored)} is stored more than once`
        else if (expected.has(stored.id)) known += 1
        seen.add(stored.id)
        const difference = differenceOf(stored, expected.get(stored.id))
        if (difference !== undefined) yield difference
        if (stored.misfiled === true)
          yield `${nameOf(stored)} is damaged, or found by other fields than it has`
      }
      this.#compared(documents.length)
    }
    if (known < this.#expected.count) yield* this.#missing(end)
  }

  /** All documents in the order of ids. */
  async *#pages(): AsyncGenerator<Page> {
    const { projection } = this.#parts
    let after: string | undefined
    try {
      do {
        const asked = { after, limit: pageSize }
        const page = await this.#nextPage(asked)
        after = endOf(projection, page.documents, asked)
        yield { ...page, documents: upTo(after, projection, page.documents) }
      } while (after !== undefined)
    } finally {
      await this.#leaveView()
    }
  }

  /** In the view of the page before only where they must be of one moment, and for as long as that lasts. */
  async #nextPage(asked: IdPage): Promise<Page> {
    const { readModels, ledgerId } = this.#parts
    this.#tried = []
    try {
      if (this.#expected.onlyNow) {
        this.#view ??= await readModels.view(ledgerId)
        return await this.#page(this.#view, asked)
      }
    } catch (error) {
      if (!(error instanceof ReadViewOutdated)) throw error
      await this.#leaveView()
    }
    return inView(readModels, ledgerId, (view) => this.#page(view, asked))
  }

  async #leaveView(): Promise<void> {
    await this.#view?.[Symbol.asyncDispose]()
    this.#view = undefined
  }

  async #page(view: ReadView, asked: IdPage): Promise<Page> {
    const { projection } = this.#parts
    const at = (await view.checkpoint(projection))?.revision ?? -1n
    this.#tried.push(at)
    return { at, documents: await view.find(projection, findPage(projection, asked)) }
  }

  async *#missing(at: bigint): AsyncGenerator<string> {
    const { projection, readModels, ledgerId } = this.#parts
    for await (const id of this.#expected.ids()) {
      const found = await inView(readModels, ledgerId, (view) => view.get(projection, id))
      if (found === undefined) yield `document ${id} is missing at revision ${at}`
    }
  }
}

/** What `inView` gives up with. */
function isOutdated(error: unknown): boolean {
  return error instanceof ReadModelsUnavailable && error.cause instanceof ReadViewOutdated
}

function nameOf({ id }: StoredDocument): string {
  return id === '' ? 'a document under no id' : `document ${id}`
}

function differenceOf(
  each: StoredDocument,
  expected: ExpectedDocument | undefined,
): string | undefined {
  const { revision, document } = each
  const name = nameOf(each)
  if (expected === undefined) return `${name} comes of no event`
  if (revision !== expected.revision)
    return `${name} is of revision ${revision}, the log makes it ${expected.revision}`
  const stored = canonicalJson(document)
  if ('digest' in expected)
    return digestOf(document) === expected.digest
      ? undefined
      : `${name} is ${stored}, the log makes another`
  const made = canonicalJson(expected.document)
  return stored === made ? undefined : `${name} is ${stored}, the log makes it ${made}`
}
