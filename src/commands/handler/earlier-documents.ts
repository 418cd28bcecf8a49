import { type AcceptedEvent, type Before, documentAfter } from '#commands/handler/answers.ts'
import type { LogReader } from '#commands/handler/log-reader.ts'

const rememberedMax = 1_000
/** Balances, assets or postings of them all. */
const rememberedPartsMax = 100_000

/**
 * Documents as the log had them before an event. Each costs a read per link of the event's chain of `previous`, so what
 * was made once is remembered: a batch's commands are often about one account.
 */
export class EarlierDocuments {
  readonly #log: LogReader
  /** By the revision of the event that left the document so. */
  readonly #after = new Map<bigint, Before>()
  #parts = 0

  constructor(log: LogReader) {
    this.#log = log
  }

  /** The document that the event changes, as it was before it; undefined where the event makes it. */
  async before(event: AcceptedEvent): Promise<Before> {
    const isKnown = (revision: bigint) => this.#after.has(revision)
    const { revisions, kept, from } = await this.#log.earlier(event, isKnown)
    let before = from === undefined ? undefined : this.#after.get(from)
    for (let index = revisions.length - 1; index >= 0; index -= 1) {
      const step = kept[index] ?? (await this.#log.linked(BigInt(revisions[index] ?? 0)))
      // Replays may come in any order.
      if (step.type !== 'CommandRejected')
        before = this.#remember(step.revision, documentAfter(step, before))
      await this.#log.giveWay(revisions.length - index)
    }
    // A transaction is a document by itself: no later event goes on from it.
    if (event.type !== 'TransactionPosted')
      this.#remember(event.revision, documentAfter(event, before))
    return before
  }

  #remember(revision: bigint, after: Before): Before {
    this.#parts += partsOf(after)
    if (this.#after.size >= rememberedMax || this.#parts > rememberedPartsMax) {
      this.#after.clear()
      this.#parts = partsOf(after)
    }
    this.#after.set(revision, after)
    return after
  }
}

function partsOf(document: Before): number {
  if (document === undefined) return 0
  if ('balances' in document) return document.balances.length
  return 'assets' in document ? document.assets.length : document.postings.length
}
