import type { Request } from 'express'
import type { Parts } from '#http/parts.ts'
import { type HttpCode, refused } from '#http/problems.ts'
import { isAccountId, isLedgerId, isRevisionId } from '#values/ids.ts'

/** The ids in a path, decoded but not yet looked at. */
export type PathIds = Readonly<Record<string, string>>

type Kind = {
  readonly isOne: (text: string) => boolean
  readonly code: HttpCode
  readonly noun: string
}

/** In the order in which they are looked at. */
const kinds: Readonly<Record<string, Kind>> = {
  ledgerId: { isOne: isLedgerId, code: 'ledger-not-found', noun: 'ledger' },
  accountId: { isOne: isAccountId, code: 'account-not-found', noun: 'account' },
  transactionId: { isOne: isRevisionId, code: 'transaction-not-found', noun: 'transaction' },
  holdId: { isOne: isRevisionId, code: 'hold-not-found', noun: 'hold' },
  revision: { isOne: isRevisionId, code: 'event-not-found', noun: 'event' },
}

const orderedKinds = Object.entries(kinds)

export function pathIds({ params }: Request): PathIds {
  if (!isFlat(params)) throw new TypeError('a path has a list in it')
  return params
}

function isFlat(params: Request['params']): params is Record<string, string> {
  return Object.values(params).every((id) => typeof id === 'string')
}

/**
 * Nothing has an id that cannot be one: 404 of its kind, after the ledger's own.
 * @throws {RequestRefused}
 */
export async function requirePossibleIds(parts: Parts, ids: PathIds): Promise<void> {
  for (const [name, { isOne, code, noun }] of orderedKinds) {
    const id = ids[name]
    if (id === undefined || isOne(id)) continue
    if (name !== 'ledgerId' && ids['ledgerId'] !== undefined)
      await requireLedger(parts, ids['ledgerId'])
    throw refused(code, `there is no ${noun} ${JSON.stringify(id.slice(0, 64))}`)
  }
}

/** The last revision of a ledger. @throws {RequestRefused} `ledger-not-found` where the log knows no such ledger. */
export async function requireLedger(
  { store, streamOf }: Pick<Parts, 'store' | 'streamOf'>,
  ledgerId: string,
): Promise<bigint> {
  const head = await store.head(streamOf(ledgerId))
  if (head === 'no-stream')
    throw refused('ledger-not-found', `there is no ledger ${ledgerId}`, { context: { ledgerId } })
  return head
}
