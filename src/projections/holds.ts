import type { RecordedEvent } from '#events/envelope.ts'
import { assertBooks, pick } from '#projections/books.ts'
import type { HoldDocument, HoldPosting } from '#projections/documents.ts'
import type { Projection } from '#projections/projection.ts'
import type { Amount } from '#values/amounts.ts'

/** One document per hold, with what became of each posting. Across ledgers, the open ones by when they expire. */
export const holds: Projection<HoldDocument> = {
  name: 'holds',
  version: 1,
  id: 'holdId',
  sparse: ['externalReference'],
  fields: { holdId: 'integer', status: 'text', expiresAt: 'text', externalReference: 'text' },
  indexes: [['holdId'], ['status', 'holdId'], ['externalReference', 'holdId']],
  acrossLedgers: [['status', 'expiresAt']],

  keysOf(event) {
    if (event.type === 'HoldPlaced') return [event.revision.toString()]
    return 'holdId' in event.data ? [event.data.holdId] : []
  },

  evolve(document, event, holdId) {
    if (event.type === 'HoldPlaced') return placed(document, event)
    assertBooks(document !== undefined, `hold ${holdId} was never placed`)
    assertBooks(document.status === 'open', `hold ${holdId} was ${document.status} before`)
    if (event.type === 'HoldCaptured') return captured(document, event)
    if (event.type === 'HoldVoided') return ended(document, 'voided', event.data.released)
    if (event.type === 'HoldExpired') return ended(document, 'expired', event.data.released)
    assertBooks(event.type === 'HoldExtended', `a ${event.type} changes no hold`)
    return { ...document, expiresAt: event.data.after }
  },
}

function placed(
  document: HoldDocument | undefined,
  event: RecordedEvent & { readonly type: 'HoldPlaced' },
): HoldDocument {
  const holdId = event.revision.toString()
  assertBooks(document === undefined, `hold ${holdId} was placed twice`)
  return {
    ledgerId: event.ledgerId,
    holdId,
    status: 'open',
    postings: event.data.postings.map((posting) => ({
      ...pick(posting, ['debit', 'credit', 'asset', 'amount']),
      captured: '0',
      released: '0',
      remaining: posting.amount,
    })),
    ...pick(event.data, ['expiresAt', 'externalReference', 'description', 'metadata']),
    createdAt: event.recordedAt,
    captures: [],
  }
}

function captured(
  document: HoldDocument,
  event: RecordedEvent & { readonly type: 'HoldCaptured' },
): HoldDocument {
  const { amounts, released, remaining } = event.data
  const postings = settled(document, amounts, released)
  const same = postings.every((posting, index) => posting.remaining === remaining[index])
  assertBooks(same, `hold ${document.holdId} keeps other amounts than its capture says`)
  const status = nothingRemains(postings) ? 'captured' : 'open'
  const captures = [...document.captures, event.revision.toString()]
  return { ...document, status, postings, captures }
}

function ended(
  document: HoldDocument,
  status: 'voided' | 'expired',
  released: readonly Amount[],
): HoldDocument {
  const nothing = document.postings.map(() => '0')
  const postings = settled(document, nothing, released)
  assertBooks(nothingRemains(postings), `hold ${document.holdId} ends with amounts reserved`)
  return { ...document, status, postings }
}

/** Moves amounts, one per posting, from what remains to what was captured and to what was released. */
function settled(
  document: HoldDocument,
  captures: readonly Amount[],
  releases: readonly Amount[],
): readonly HoldPosting[] {
  return document.postings.map((posting, index) => {
    const taken = BigInt(captures[index] ?? '0')
    const freed = BigInt(releases[index] ?? '0')
    const remaining = BigInt(posting.remaining) - taken - freed
    assertBooks(remaining >= 0n, `hold ${document.holdId} gives more than it holds`)
    return {
      ...posting,
      captured: (BigInt(posting.captured) + taken).toString(),
      released: (BigInt(posting.released) + freed).toString(),
      remaining: remaining.toString(),
    }
  })
}

function nothingRemains(postings: readonly HoldPosting[]): boolean {
  return postings.every(({ remaining }) => remaining === '0')
}
