/** Why no view of a ledger could be read, by where its checkpoint stood at the first try and at the last; -1: nowhere yet. */
export function unreadSentence(first: bigint, last: bigint): string {
  return first === last
    ? `can't be read as of its checkpoint at revision ${last}: a document is ahead of it`
    : `can't be read: it moved on from revision ${first} to ${last} while that was tried`
}
