import type { RegisteredAsset } from '#events/ledger-events.ts'
import type { Account, HeldPosting, Hold } from '#ledger/ledger.ts'
import type { Metadata } from '#values/metadata.ts'

/**
 * Bytes of heap of what has no bound of its own, never less than it takes. What every account, hold and key takes anyway
 * is in `footprint.ts`.
 */

// Measured: 125 to 155 for each member whose key no other object has, for its place, its shape and two short strings.
const memberBytes = 160
const amountBytes = 32
const assetBytes = 200
const captureBytes = 48

export function weightOfAccount({ accountId, metadata }: Account): number {
  return weightOfText(accountId) + weightOfMetadata(metadata)
}

export function weightOfHold(hold: Hold): number {
  const { metadata, postings, captures, externalReference = '', description = '' } = hold
  let weight = weightOfMetadata(metadata) + captures.length * captureBytes
  weight += weightOfText(externalReference) + weightOfText(description)
  for (const posting of postings) weight += weightOfPosting(posting)
  return weight
}

export function weightOfAsset({ name = '' }: RegisteredAsset): number {
  return assetBytes + weightOfText(name)
}

/** Every member for itself: 64 short ones take fourteen times their JSON, a long one takes as much as that. */
export function weightOfMetadata(metadata: Metadata): number {
  let weight = 0
  for (const key in metadata)
    weight += memberBytes + weightOfText(key) + weightOfText(metadata[key] ?? '')
  return weight
}

export function weightOfAmounts(amounts: readonly bigint[]): number {
  return amounts.length * amountBytes
}

/** A byte a character where all of them are Latin-1, otherwise two: here everything that is not ASCII counts two. */
export function weightOfText(text: string): number {
  return Buffer.byteLength(text) === text.length ? text.length : 2 * text.length
}

function weightOfPosting({ debit, credit, asset }: HeldPosting): number {
  return weightOfText(debit) + weightOfText(credit) + weightOfText(asset)
}
