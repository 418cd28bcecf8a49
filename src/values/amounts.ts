/** A posting's amount as it is stored and sent: a positive integer in the asset's smallest unit, at most 31 digits. */
export type Amount = string

/** A balance or limit as it is stored and sent: an integer in the asset's smallest unit, perhaps negative. */
export type SignedAmount = string

/** The largest magnitude that any total may reach, 10^34 − 1: what a Decimal128 still holds exactly. */
export const totalMax = 10n ** 34n - 1n

const amountPattern = /^[1-9][0-9]{0,30}$/
const signedAmountPattern = /^(0|-?[1-9][0-9]{0,33})$/

export function isAmount(value: unknown): value is Amount {
  return typeof value === 'string' && amountPattern.test(value)
}

/** An amount, or `"0"` where a list says that nothing of one posting is meant. */
export function isAmountOrZero(value: unknown): value is Amount {
  return value === '0' || isAmount(value)
}

export function isSignedAmount(value: unknown): value is SignedAmount {
  return typeof value === 'string' && signedAmountPattern.test(value)
}
