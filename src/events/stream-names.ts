import type { LedgerId } from '#values/ids.ts'

const prefix = 'ledger-'
const ownPrefix = 'daybook-'

/** The program's own stream in which the relay keeps its lease and its checkpoint. */
export const relayStream = 'daybook-relay'

/** The program's own stream in which it is recorded what people did about ledgers that stand still in a read model. */
export const projectionsStream = 'daybook-projections'
/** Whether a stream is one of those in which the program keeps what is its own. */
export function isOwnStream(stream: string): boolean {
  return stream.startsWith(ownPrefix)
}

/** The event store's stream that holds one ledger. */
export function ledgerStream(ledgerId: LedgerId): string {
  return `${prefix}${ledgerId}`
}

/** The ledger that a stream holds; undefined for the program's own streams. */
export function ledgerOfStream(stream: string): LedgerId | undefined {
  return stream.startsWith(prefix) ? stream.slice(prefix.length) : undefined
}
