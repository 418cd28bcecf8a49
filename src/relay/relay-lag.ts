import { ledgerOfStream } from '#events/stream-names.ts'
import type { EventStore, StoredEvent } from '#ports/event-store.ts'
import { lastRelayEntry, type RelayLog } from '#relay/relay-stream.ts'
import { isJsonObject, type Json } from '#values/json.ts'

const pageEvents = 1_000
const countedMax = 10_000
/** Between the events there may be entries of the relays, which do not count. */
const pagesMax = 30

/**
 * How far the broker is behind the log: `lagEvents` counted to 10,000 or a little more, `lagSeconds` the age of the
 * oldest event that is not acknowledged. As of the stored checkpoint, which may be a second old.
 */
export type RelayLag = {
  readonly epoch: string | null
  readonly position: string | null
  readonly lagEvents: number
  readonly lagSeconds: number
}

/** @throws what the store throws. */
export async function relayLag(
  log: RelayLog & { readonly store: Pick<EventStore, 'readAll'> },
  nowMs: number,
): Promise<RelayLag> {
  const entry = await lastRelayEntry(log)
  const { count, oldest } = await waiting(log.store, entry?.position)
  const sinceMs = oldest === undefined ? undefined : recordedMs(JSON.parse(oldest.json))
  return {
    epoch: entry?.epoch.toString() ?? null,
    position: entry?.position?.toString() ?? null,
    lagEvents: count,
    lagSeconds: sinceMs === undefined ? 0 : Math.max(0, nowMs - sinceMs) / 1000,
  }
}

async function waiting(
  store: Pick<EventStore, 'readAll'>,
  position: bigint | undefined,
): Promise<{ readonly count: number; readonly oldest: StoredEvent | undefined }> {
  let [after, count, oldest]: [bigint | undefined, number, StoredEvent | undefined] = [
    position,
    0,
    undefined,
  ]
  for (let pages = 0; pages < pagesMax && count < countedMax; pages += 1) {
    const page = await store.readAll(after, pageEvents)
    if (page.length === 0) break
    const events = page.filter(({ stream }) => ledgerOfStream(stream) !== undefined)
    oldest ??= events[0]
    count += events.length
    after = page.at(-1)?.position
  }
  return { count, oldest }
}

function recordedMs(envelope: Json): number | undefined {
  const recordedAt = isJsonObject(envelope) ? envelope['recordedAt'] : undefined
  return typeof recordedAt === 'string' ? Date.parse(recordedAt) : undefined
}
