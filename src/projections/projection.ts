import type { RecordedEvent } from '#events/envelope.ts'
import type { JsonObject } from '#values/json.ts'

/**
 * One read model: a pure fold of events into documents. Changing what it computes means a new `version`, which is
 * built beside the old one. Its shape (name, version, fields, indexes) is what a store needs to know.
 */
export type Projection<Document extends JsonObject = JsonObject> = {
  readonly name: string
  readonly version: number
  readonly fields: Readonly<Record<string, 'text' | 'integer'>>
  readonly indexes: readonly (readonly string[])[]
  /** The field that says the same as a document's key, where one does. */
  readonly id?: string
  /** Fields that most documents lack: an index that begins with one may leave those documents out. */
  readonly sparse?: readonly string[]
  /** Fields of which hardly two documents have the same value; queries by one always say which. */
  readonly selective?: readonly string[]
  readonly acrossLedgers?: readonly (readonly string[])[]
  /** No document is ever changed by a second event: nothing has to be read to fold. */
  readonly appendOnly?: true
  /**
   * The version that goes on being projected and read until this one has been built. The same queries read the documents of
   * both: of this one they may ask for no field or index that the other lacks.
   */
  readonly previous?: Projection
  /** The ids of the documents that the event makes or changes, each once. */
  keysOf(event: RecordedEvent): readonly string[]
  /** The document after the event; `document` is undefined where there is none yet. Throws only on a bug. */
  evolve(document: Document | undefined, event: RecordedEvent, key: string): Document
  /**
   * In place of `evolve` where an event that comes after all that the document contains was skipped before this one, which
   * may so contradict the document. Does the same as `evolve` wherever that doesn't throw: who has not yet heard of the
   * skip makes no other document.
   */
  evolveAfterSkip?(document: Document | undefined, event: RecordedEvent, key: string): Document
  /**
   * What is made, in this order, before an event changes `document`: documents that stay as they are for ever. Looks at
   * nothing but the document, so that whoever folds the events again makes them again, the same.
   */
  closings?(document: Document, key: string): readonly Closing<Document>[]
}

/** A document that is made once, perhaps out of `parts`: ids of others that were made so before it. */
export type Closing<Document extends JsonObject> = {
  readonly id: string
  readonly parts: readonly string[]
  /** Is given the parts in their order. */
  make(parts: readonly Document[]): Document
}
