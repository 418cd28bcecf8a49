import { sealEnd } from '#events/damage.ts'
import { eventId } from '#events/event-id.ts'
import { projectionsStream } from '#events/stream-names.ts'
import {
  type EventStore,
  type EventToAppend,
  type StoredEvent,
  WrongExpectedRevision,
} from '#ports/event-store.ts'
import { canonicalJson } from '#values/canonical-json.ts'
import { isLedgerId, isRevisionId, type LedgerId, type RevisionId } from '#values/ids.ts'
import { isJsonObject, type Json } from '#values/json.ts'

/**
 * What somebody did about a ledger that stands still in a projection: have it tried again, or go past the event for
 * ever. `revision` is where it stood.
 */
export type ProjectionAct = {
  readonly act: 'retry' | 'skip'
  readonly projection: string
  readonly version: number
  readonly ledgerId: LedgerId
  readonly revision: bigint
  readonly actor: string
  readonly reason: string
  readonly recordedAt: string
}

/** An act and its place in the stream of acts. */
export type RecordedAct = ProjectionAct & { readonly place: bigint }

/** A place in the stream of acts at which there is not what was once recorded: nobody acts on it. */
export type DamagedAct = { readonly place: bigint; readonly damage: string }

const types = { retry: 'ProjectionRetried', skip: 'ProjectionEventSkipped' } as const
const texts = ['projection', 'actor', 'reason', 'recordedAt'] as const
const pageActs = 500

/** What was recorded after `place`, in order, to the end there is; all of it without one. */
export async function readActs(
  store: Pick<EventStore, 'readStream'>,
  place: bigint = -1n,
): Promise<readonly (RecordedAct | DamagedAct)[]> {
  const acts: (RecordedAct | DamagedAct)[] = []
  for (let next = place + 1n; ; ) {
    const page = await store.readStream(projectionsStream, next, pageActs)
    if (page.length === 0) return acts
    for (const event of page) {
      if (event.revision > next) acts.push({ place: next, damage: 'it is missing' })
      acts.push(actAt(event))
      next = event.revision + 1n
    }
  }
}

/**
 * Records an act right after the one at `after`; its place, or undefined where another was recorded meanwhile.
 * @throws what the store throws.
 */
export async function recordAct(
  store: Pick<EventStore, 'append'>,
  act: ProjectionAct,
  after: bigint | undefined,
): Promise<bigint | undefined> {
  const place = (after ?? -1n) + 1n
  try {
    await store.append(projectionsStream, [eventOf(act, place)], after ?? 'no-stream')
    return place
  } catch (error) {
    if (error instanceof WrongExpectedRevision) return undefined
    throw error
  }
}

/** An act as it is stored: it says its place, and its id is the digest of all else that it says (decision 0025). */
function eventOf({ revision, ...said }: ProjectionAct, place: bigint): EventToAppend {
  const act = { ...said, place: place.toString(), revision: revision.toString() }
  const id = eventId(canonicalJson(act))
  return { id, type: types[act.act], json: canonicalJson({ ...act, id }) }
}

/** The act at a place of the stream, or why nobody can act on what is there. */
function actAt({ revision, type, json }: StoredEvent): RecordedAct | DamagedAct {
  const damaged = (damage: string) => ({ place: revision, damage })
  if (sealEnd(json) === undefined) return damaged('its bytes have changed')
  const act = parsed(json)
  if (!isAct(act)) return damaged('it says what no act of this version does')
  const isHere = act.place === revision.toString() && types[act.act] === type
  if (!isHere) return damaged('it is an act of another place')
  return { ...act, revision: BigInt(act.revision), place: revision }
}

/** Null for what is no JSON. */
function parsed(json: string): Json {
  try {
    const value: Json = JSON.parse(json)
    return value
  } catch {
    return null
  }
}

type StoredAct = Omit<ProjectionAct, 'revision'> & {
  readonly revision: RevisionId
  readonly place: RevisionId
}

function isAct(stored: Json): stored is StoredAct {
  return (
    isJsonObject(stored) &&
    (stored['act'] === 'retry' || stored['act'] === 'skip') &&
    Number.isSafeInteger(stored['version']) &&
    isLedgerId(stored['ledgerId']) &&
    isRevisionId(stored['revision']) &&
    texts.every((name) => typeof stored[name] === 'string')
  )
}
