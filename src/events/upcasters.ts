import type { EventType } from '#events/ledger-event.ts'
import type { JsonObject } from '#values/json.ts'

/** Lifts the data of one type from one version to the next; pure, total, for ever. */
export type Upcaster = (data: JsonObject) => JsonObject

/** By type and the version lifted *from*. Empty while every type is still at its first version. */
const upcasters: Readonly<Partial<Record<EventType, Readonly<Record<number, Upcaster>>>>> = {}

/**
 * The data as today's code knows it.
 * @throws {TypeError} when a step is missing.
 */
export function upcast(
  stored: { type: EventType; version: number; data: JsonObject },
  to: number,
): JsonObject {
  let data = stored.data
  for (let version = stored.version; version < to; version += 1) {
    const lift = upcasters[stored.type]?.[version]
    if (lift === undefined) throw new TypeError(`no upcaster for ${stored.type} version ${version}`)
    data = lift(data)
  }
  return data
}
