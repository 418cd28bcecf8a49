import { z } from 'zod'
import type { RecordedEvent } from '#events/envelope.ts'
import { currentVersions, isEventType } from '#events/ledger-event.ts'
import { upcast } from '#events/upcasters.ts'
import type { Json, JsonObject } from '#values/json.ts'

/** What is in the store is not an event of this program, or not one that this version knows. */
export class UndecodableEvent extends Error {
  override readonly name = 'UndecodableEvent'
}

const envelope = z.object({
  id: z.string(),
  type: z.string(),
  schemaVersion: z.int().min(1),
  ledgerId: z.string(),
  revision: z.string().regex(/^(0|[1-9]\d*)$/),
  recordedAt: z.string(),
  actor: z.string(),
  correlationId: z.string(),
  causationId: z.string(),
  writer: z.string(),
  idempotency: z.object({ key: z.string(), fingerprint: z.string() }),
  data: z.record(z.string(), z.unknown()),
})

/**
 * Reads a stored envelope and lifts it to the present schema. Its data was checked when it was decided and is believed.
 * @throws {UndecodableEvent} when the text is no envelope, or of a type or version unknown to this program.
 */
export function decodeEvent(json: string): RecordedEvent {
  const stored = parse(json)
  const known = envelope.safeParse(stored)
  if (!known.success) throw new UndecodableEvent('a stored event is not an envelope')
  const { type, schemaVersion, ledgerId, revision } = known.data
  const at = `${ledgerId} revision ${revision}`
  if (!isEventType(type)) throw new UndecodableEvent(`unknown event type ${type} at ${at}`)
  const current = currentVersions[type]
  if (schemaVersion > current)
    throw new UndecodableEvent(
      `${type} version ${schemaVersion} at ${at} is newer than this program`,
    )
  const data = upcast({ type, version: schemaVersion, data: stored['data'] as JsonObject }, current)
  return {
    ...stored,
    schemaVersion: current,
    revision: BigInt(revision),
    data,
  } as unknown as RecordedEvent
}

function parse(json: string): JsonObject {
  try {
    const value = JSON.parse(json) as Json
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as JsonObject
  } catch (cause) {
    throw new UndecodableEvent('a stored event is not JSON', { cause })
  }
  throw new UndecodableEvent('a stored event is not an object')
}
