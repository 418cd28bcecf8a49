import type { Limits } from '#events/account-events.ts'
import type { LedgerRejection } from '#ledger/rejections.ts'
import { reject } from '#values/decision.ts'

/** A minimum above the maximum would let nothing happen. */
export function limitsInOrder({ min, max }: Limits): LedgerRejection | undefined {
  if (min === null || max === null || BigInt(min) <= BigInt(max)) return undefined
  return reject('limits-inverted', `the minimum ${min} is above the maximum ${max}`, { min, max })
}
