import { randomUUID } from 'node:crypto'
import { relayStream } from '#events/stream-names.ts'
import type { EventStore, EventToAppend, StoredEvent } from '#ports/event-store.ts'
import { isJsonObject, type Json } from '#values/json.ts'

/** What a relay notes down: that it took over, how far it has come, that it stops. */
export type RelayEntryType = (typeof entryTypes)[number]

/**
 * The last entry of the relay's stream: whose turn it is and up to which position of the log everything is
 * acknowledged by the broker; undefined: nothing yet.
 */
export type RelayEntry = {
  readonly revision: bigint
  readonly type: RelayEntryType
  readonly epoch: bigint
  readonly holder: string
  readonly position: bigint | undefined
}

const entryTypes = ['RelayTookOver', 'RelayAdvanced', 'RelayStopped'] as const

/** The log as the relay's own stream sees it. */
export type RelayLog = {
  readonly store: Pick<EventStore, 'head' | 'readStream'>
  readonly stream: string
}

/** The stream of the relay to a topic: another topic than the usual one has a lease and a checkpoint of its own. */
export function relayStreamFor(topic: string, usualTopic: string): string {
  return topic === usualTopic ? relayStream : `${relayStream}-${topic}`
}

/** @throws what the store throws; a bug where the stream holds something else. */
export async function lastRelayEntry({ store, stream }: RelayLog): Promise<RelayEntry | undefined> {
  const revision = await store.head(stream)
  if (revision === 'no-stream') return undefined
  const [event] = await store.readStream(stream, revision, 1)
  if (event === undefined) throw new Error(`${stream} has lost revision ${revision}`)
  return relayEntryOf(event)
}

/** @throws a bug where it is none. */
export function relayEntryOf({ revision, json }: StoredEvent): RelayEntry {
  const stored: Json = JSON.parse(json)
  const { type, epoch, holder, position } = isJsonObject(stored) ? stored : {}
  const known = entryTypes.find((each) => each === type)
  if (known === undefined || typeof epoch !== 'string' || typeof holder !== 'string')
    throw new Error(`the relay's stream holds something else at revision ${revision}`)
  const at = typeof position === 'string' ? BigInt(position) : undefined
  return { revision, type: known, epoch: BigInt(epoch), holder, position: at }
}

/** The entry as an event of its own: a random id, since every one is made once and then only sent again. */
export function relayEvent({ revision, ...entry }: RelayEntry): EventToAppend {
  const id = randomUUID()
  const { type, epoch, holder, position } = entry
  const json = JSON.stringify({
    epoch: epoch.toString(),
    holder,
    id,
    position: position?.toString() ?? null,
    revision: revision.toString(),
    type,
  })
  return { id, type, json }
}
