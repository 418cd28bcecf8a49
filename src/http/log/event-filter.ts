import type { StoredEvent } from '#ports/event-store.ts'
import type { AccountId } from '#values/ids.ts'
import { isJsonObject, type Json, type JsonObject } from '#values/json.ts'

/** Which events of a ledger are meant; all of them where neither is given. */
export type EventFilter = {
  readonly types?: ReadonlySet<string>
  readonly account?: AccountId
}

/** What has balances in it, or might, and moves none: it has no entries. */
const moveNothing: ReadonlySet<string> = new Set(['CommandRejected', 'HoldExtended'])

/**
 * Whether the event is meant. An event is about an account where it names it as its own or moves its balances: the same
 * events that have entries for it in the read model.
 */
export function passes({ types, account }: EventFilter, event: StoredEvent): boolean {
  if (types !== undefined && !types.has(event.type)) return false
  return account === undefined || isAbout(event, account)
}

export function isUnfiltered({ types, account }: EventFilter): boolean {
  return types === undefined && account === undefined
}

function isAbout({ type, json }: StoredEvent, account: AccountId): boolean {
  if (moveNothing.has(type) || !json.includes(`"${account}"`)) return false
  const envelope: JsonObject = JSON.parse(json)
  const { data } = envelope
  if (!isJsonObject(data)) throw new TypeError('a stored event has no data')
  return names(data, account) || listIn(data['balances']).some((balance) => names(balance, account))
}

function names(value: Json, account: AccountId): boolean {
  return isJsonObject(value) && value['accountId'] === account
}

function listIn(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}
