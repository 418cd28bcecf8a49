import { z } from 'zod'
import type { RecordedEvent } from '#events/envelope.ts'
import { currentVersions, isEventType } from '#events/ledger-event.ts'
import { upcast } from '#events/upcasters.ts'
import { isJsonObject, type Json, type JsonObject } from '#values/json.ts'

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
  data: z.custom<JsonObject>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  ),
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
  const data = upcast({ type, version: schemaVersion, data: known.data.data }, current)
  const event = { ...stored, schemaVersion: current, revision: BigInt(revision), data }
  if (!isRecorded(event)) throw new UndecodableEvent(`no event at ${at}`)
  return event
}

/** The parsing edge: what `decide` once made is believed to be what the types say. */
function isRecorded(event: object): event is RecordedEvent {
  return 'data' in event
}

function parse(json: string): JsonObject {
  const value = parseJson(json)
  if (isJsonObject(value)) return value
  throw new UndecodableEvent('a stored event is not an object')
}

function parseJson(json: string): Json {
  try {
    const value: Json = JSON.parse(json)
    return value
  } catch (cause) {
    throw new UndecodableEvent('a stored event is not JSON', { cause })
  }
}
