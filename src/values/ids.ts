/** Names one ledger: lower-case letters, digits and hyphens, at most 63 characters. */
export type LedgerId = string

/** Names one account within a ledger: segments joined by colons, e.g. `users:alice:wallet`, at most 256 characters. */
export type AccountId = string

/** The decimal revision of the event that made the transaction or hold. */
export type RevisionId = string

const ledgerIdPattern = /^[a-z0-9][a-z0-9-]{0,62}$/
const accountIdPattern = /^[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)*$/
const revisionIdPattern = /^(0|[1-9][0-9]{0,17})$/
const accountIdLengthMax = 256

export function isLedgerId(value: unknown): value is LedgerId {
  return typeof value === 'string' && ledgerIdPattern.test(value)
}

export function isAccountId(value: unknown): value is AccountId {
  return (
    typeof value === 'string' && value.length <= accountIdLengthMax && accountIdPattern.test(value)
  )
}

/** At most 18 digits: every revision fits a signed 64-bit integer. */
export function isRevisionId(value: unknown): value is RevisionId {
  return typeof value === 'string' && revisionIdPattern.test(value)
}
