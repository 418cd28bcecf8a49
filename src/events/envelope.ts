import type { LedgerEvent } from '#events/ledger-event.ts'
import { canonicalJson } from '#values/canonical-json.ts'
import type { LedgerId } from '#values/ids.ts'
import type { Timestamp } from '#values/timestamps.ts'

/** Under which key a command came and what it asked: SHA-256 in hex of its RFC 8785 form. */
export type Idempotency = {
  readonly key: string
  readonly fingerprint: string
  readonly batch?: BatchMembership
}

/** Which batch an event came in with; `index` and `size` count the batch's commands, from 0. */
export type BatchMembership = {
  readonly key: string
  readonly fingerprint: string
  readonly index: number
  readonly size: number
}

/** Everything of an envelope but its id: what the id is made from. */
export type EnvelopeFields = {
  readonly schemaVersion: number
  readonly ledgerId: LedgerId
  readonly revision: bigint
  readonly recordedAt: Timestamp
  readonly actor: string
  readonly correlationId: string
  readonly causationId: string
  /** The random id of the process that wrote it. */
  readonly writer: string
  readonly idempotency: Idempotency
}

/** A fact with its address and circumstances, id not yet made. */
export type UnsealedEvent = LedgerEvent & EnvelopeFields

/** A fact as recorded: `revision` is its place in its ledger, from 0, without gaps. */
export type RecordedEvent = UnsealedEvent & { readonly id: string }

/**
 * The canonical JSON (RFC 8785) of an envelope without its id, cut in two where the id belongs: the id is a hash of
 * `head + tail`, the stored bytes are `head + "id":"…", + tail`.
 */
export function canonicalParts(event: UnsealedEvent): { head: string; tail: string } {
  const { actor, causationId, correlationId, data } = event
  const { idempotency, ledgerId, recordedAt, schemaVersion, type, writer } = event
  const revision = event.revision.toString()
  const head = canonicalJson({ actor, causationId, correlationId, data })
  const tail = { idempotency, ledgerId, recordedAt, revision, schemaVersion, type, writer }
  return { head: `${head.slice(0, -1)},`, tail: canonicalJson(tail).slice(1) }
}

/** Puts the id where canonical order wants it. */
export function sealedJson(parts: { head: string; tail: string }, id: string): string {
  return `${parts.head}"id":${canonicalJson(id)},${parts.tail}`
}
