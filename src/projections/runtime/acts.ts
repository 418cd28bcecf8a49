import { projectionsStream } from '#events/stream-names.ts'
import {
  type EventStore,
  type EventToAppend,
  type StoredEvent,
  WrongExpectedRevision,
} from '#ports/event-store.ts'
import { canonicalJson } from '#values/canonical-json.ts'
import type { LedgerId } from '#values/ids.ts'
import { isJsonObject, type Json } from '#values/json.ts'

/**
 * What somebody did about a ledger that stands still in a projection: have it tried again, or go past the event for
 * ever. `revision` is where it stood.
 */
export type ProjectionAct = {
  readonly id: string
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

const types = { retry: 'ProjectionRetried', skip: 'ProjectionEventSkipped' } as const
const pageActs = 500

/** The acts recorded after `place`, in order, to the end there is; all of them without one. */
export async function readActs(
  store: Pick<EventStore, 'readStream'>,
  place: bigint = -1n,
): Promise<readonly RecordedAct[]> {
  const acts: RecordedAct[] = []
  for (;;) {
    const next = (acts.at(-1)?.place ?? place) + 1n
    const page = await store.readStream(projectionsStream, next, pageActs)
    if (page.length === 0) return acts
    acts.push(...page.map(actOf))
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
  try {
    await store.append(projectionsStream, [eventOf(act)], after ?? 'no-stream')
    return (after ?? -1n) + 1n
  } catch (error) {
    if (error instanceof WrongExpectedRevision) return undefined
    throw error
  }
}

function eventOf({ revision, ...act }: ProjectionAct): EventToAppend {
  const json = canonicalJson({ ...act, revision: revision.toString() })
  return { id: act.id, type: types[act.act], json }
}

/** @throws a bug where the stream holds something else. */
function actOf({ revision: place, json }: StoredEvent): RecordedAct {
  const stored: Json = JSON.parse(json)
  const members = isJsonObject(stored) ? stored : {}
  const textOf = (name: string): string => {
    const value = members[name]
    if (typeof value === 'string') return value
    throw new Error(`${projectionsStream} holds something else at revision ${place}`)
  }
  return {
    place,
    id: textOf('id'),
    act: textOf('act') === 'skip' ? 'skip' : 'retry',
    projection: textOf('projection'),
    version: Number(members['version']),
    ledgerId: textOf('ledgerId'),
    revision: BigInt(textOf('revision')),
    actor: textOf('actor'),
    reason: textOf('reason'),
    recordedAt: textOf('recordedAt'),
  }
}
