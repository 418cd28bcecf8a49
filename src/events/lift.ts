import type { Upcasters } from '#events/upcasters.ts'
import { isJsonObject, type Json, type JsonObject } from '#values/json.ts'

/** What is in the store is not an event of this program, or not one that this version knows. */
export class UndecodableEvent extends Error {
  override readonly name = 'UndecodableEvent'
}

/** Which types a program knows: the version in which each is written, and the steps from every earlier one. */
export type Catalogue<Type extends string = string> = {
  readonly versions: Readonly<Record<Type, number>>
  readonly upcasters: Upcasters
}

/** The data of an event as it is stored, and where it stands. */
export type StoredData = {
  readonly type: string
  readonly version: number
  readonly ledgerId: string
  readonly revision: string
  readonly data: JsonObject
}

/** Data in the shape of a version. */
export type Lifted = { readonly version: number; readonly data: JsonObject }

/**
 * The data in its type's present shape. What is stored stays as it is, and one event stays one event.
 * @throws {UndecodableEvent} for an unknown type, a version newer than the catalogue's, and a step that is missing,
 * throws or makes no object. Nothing is guessed.
 */
export function lift({ versions, upcasters }: Catalogue, stored: StoredData): Lifted {
  const { type, version } = stored
  const current = Object.hasOwn(versions, type) ? versions[type] : undefined
  if (current === undefined)
    throw new UndecodableEvent(`unknown event type ${type} version ${version} ${at(stored)}`)
  if (version > current)
    throw new UndecodableEvent(
      `${type} version ${version} ${at(stored)} is newer than this program, which knows ${current}`,
    )
  let { data } = stored
  for (let from = version; from < current; from += 1) data = step(stored, { from, data, upcasters })
  return { version: current, data }
}

type Step = { readonly from: number; readonly data: JsonObject; readonly upcasters: Upcasters }

function step(stored: StoredData, { from, data, upcasters }: Step): JsonObject {
  const { type } = stored
  const upcaster = Object.hasOwn(upcasters, type) ? upcasters[type]?.[from] : undefined
  if (upcaster === undefined) throw notLifted(stored, { from, why: 'there is no upcaster' })
  let lifted: Json | undefined
  try {
    lifted = upcaster(data)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw notLifted(stored, { from, why: `its upcaster failed: ${why}`, cause: error })
  }
  if (isPlain(lifted)) return lifted
  throw notLifted(stored, { from, why: 'its upcaster makes no object' })
}

type Failure = { readonly from: number; readonly why: string; readonly cause?: unknown }

function notLifted(stored: StoredData, { from, why, cause }: Failure): UndecodableEvent {
  const { type, version } = stored
  return new UndecodableEvent(
    `${type} version ${version} ${at(stored)} can't be lifted from version ${from} to ${from + 1}: ${why}`,
    { cause },
  )
}

function at({ ledgerId, revision }: StoredData): string {
  return `at ${ledgerId} revision ${revision}`
}

/** An object as JSON makes them: a promise is none, nor is a map. */
function isPlain(value: Json | undefined): value is JsonObject {
  return isJsonObject(value) && Object.getPrototypeOf(value) === Object.prototype
}
