import { setTimeout as sleep } from 'node:timers/promises'
import { checkpointIn } from '#cli/checkpoint-in.ts'
import { printable } from '#cli/printable.ts'
import { ToolFailed } from '#cli/subcommand.ts'
import { toolClock } from '#compose/tool-clock.ts'
import { projectionsStream } from '#events/stream-names.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { Checkpoint, ReadModels } from '#ports/read-models.ts'
import type { StandstillInLog } from '#cli/projections/standstill-in-log.ts'
import { whetherBuilding } from '#cli/projections/is-building.ts'
import type { Projection } from '#projections/projection.ts'
import { type ActLog, readActLog } from '#projections/runtime/act-log.ts'
import { type ProjectionAct, recordAct } from '#projections/runtime/acts.ts'
import { actsFeed } from '#projections/runtime/keeper.ts'
import { buildsUnderWay } from '#projections/runtime/left-builds.ts'
import { type LiveModel, servingModel } from '#projections/runtime/live-models.ts'
import type { LedgerId } from '#values/ids.ts'

export type Stores = {
  readonly store: Pick<EventStore, 'head' | 'append' | 'readStream'>
  readonly readModels: ReadModels
  readonly standstillInLog: StandstillInLog
}

/** What somebody wants done, and says about it. `revision` is there for a skip. */
export type Wanted = {
  readonly verb: 'retry' | 'skip'
  readonly projection: Projection
  readonly ledgerId: LedgerId
  readonly revision: bigint | undefined
  readonly actor: string
  readonly reason: string
}

export type Outcome = { readonly code: 0 | 1; readonly sentence: string }

const recordTries = 10
const waitMsMax = 15_000
/** What is being built takes acts when it is tried again, which is soon, but nobody says when that was. */
const buildWaitMsMax = 5_000
const pollMs = 100

/** Records the act where the ledger stands still, and waits until a projector has acted on it. @throws {ToolFailed} */
export async function actOn(stores: Stores, wanted: Wanted): Promise<Outcome> {
  for (let tries = 1; tries <= recordTries; tries += 1) {
    const head = await stores.store.head(projectionsStream)
    const { model, parked } = await standstill(stores, wanted)
    const act = actOf(wanted, model, parked.revision)
    const after = head === 'no-stream' ? undefined : head
    const place = await recordAct(stores.store, act, after)
    if (place !== undefined)
      return outcomeOf(stores, { wanted, model, place, actedOn: parked.revision })
  }
  throw new ToolFailed('others record acts all the time: try again.')
}

function actOf(
  { verb, projection, ledgerId, actor, reason }: Wanted,
  { version }: LiveModel,
  revision: bigint,
): ProjectionAct {
  const recordedAt = new Date(toolClock.now()).toISOString()
  const said = { actor, reason, recordedAt }
  return { act: verb, projection: projection.name, version, ledgerId, revision, ...said }
}

type Standstill = { readonly model: LiveModel; readonly parked: { readonly revision: bigint } }

/**
 * Where the ledger is parked: in what serves, or in what is being built. @throws {ToolFailed} where it isn't, or elsewhere,
 * or somebody has skipped this there already.
 */
async function standstill(stores: Stores, wanted: Wanted): Promise<Standstill> {
  const { projection, ledgerId, revision, verb } = wanted
  const { name } = projection
  const acts = await readActLog(stores.store)
  const same = sameSkips(acts, wanted)
  const models: LiveModel[] = []
  for await (const model of modelsOf(stores.readModels, projection)) {
    models.push(model)
    const parked = (await checkpointIn(stores.readModels, model, ledgerId))?.parked
    if (parked === undefined) continue
    refuseDone(same.filter(({ version }) => version === model.version))
    if (verb === 'skip' && parked.revision !== revision)
      throw new ToolFailed(
        `${ledgerId} is parked in ${name} at revision ${parked.revision}, not at ${revision}: nothing was recorded.`,
      )
    return { model, parked }
  }
  refuseDone(same.filter(({ version }) => models.some((model) => model.version === version)))
  const lost = acts.damaged.length > 0 ? await lostSkip(stores, wanted, models[0]) : undefined
  if (lost !== undefined) return lost
  throw new ToolFailed(`${ledgerId} is not parked in ${name}: nothing was recorded.`)
}

/** The skips of this very event in any version of the projection; none where a retry is wanted. */
function sameSkips(
  { skips }: ActLog,
  { verb, projection, ledgerId, revision }: Wanted,
): readonly ProjectionAct[] {
  if (verb !== 'skip') return []
  return skips.filter(
    (act) =>
      act.projection === projection.name && act.ledgerId === ledgerId && act.revision === revision,
  )
}

/** What serves has gone past the event, but of the log alone it couldn't be made: the skip is among the damaged acts. */
async function lostSkip(
  { standstillInLog }: Stores,
  { ledgerId, revision }: Wanted,
  model: LiveModel | undefined,
): Promise<Standstill | undefined> {
  if (model === undefined || revision === undefined) return undefined
  const parked = await standstillInLog(model, ledgerId, revision)
  return parked?.revision === revision ? { model, parked } : undefined
}

/** @throws {ToolFailed} saying who was first. */
function refuseDone([first]: readonly ProjectionAct[]): void {
  if (first === undefined) return
  const { projection, ledgerId, revision, actor, recordedAt } = first
  throw new ToolFailed(
    `revision ${revision} of ${ledgerId} is skipped in ${projection} already, by ${printable(actor)} at ${recordedAt}: nothing was recorded.`,
  )
}

/** What serves, and what is built; not what a killed rebuild left. */
async function* modelsOf(
  readModels: ReadModels,
  projection: Projection,
): AsyncGenerator<LiveModel> {
  const serving = await servingModel(readModels, projection)
  if (serving !== undefined) yield serving
  yield* await buildsUnderWay({ readModels, isBuilding: whetherBuilding(readModels) }, projection)
}

type Recorded = {
  readonly wanted: Wanted
  readonly model: LiveModel
  readonly place: bigint
  /** Where it stood. */
  readonly actedOn: bigint
}

async function outcomeOf(
  { readModels }: Stores,
  { wanted, model, place, actedOn }: Recorded,
): Promise<Outcome> {
  const { ledgerId, verb } = wanted
  const deadlineMs = toolClock.monotonic() + waitMsMax
  while (((await readModels.feedPosition(actsFeed)) ?? -1n) < place) {
    if (toolClock.monotonic() > deadlineMs)
      return { code: 0, sentence: `the ${verb} is recorded: projectors act on it when they run.` }
    await sleep(pollMs)
  }
  const { parked, revision } = await standsAfter(readModels, { wanted, model, place, actedOn })
  if (parked === undefined)
    return {
      code: 0,
      sentence: `${ledgerId} goes on in ${model.name}, now at revision ${revision}.`,
    }
  const sentence = `${ledgerId} is parked in ${model.name} at revision ${parked.revision}: ${parked.reason}`
  return { code: 1, sentence }
}

type Stands = Pick<Checkpoint, 'revision' | 'parked'>

/** Where the ledger stands once projectors have acted. */
async function standsAfter(
  readModels: ReadModels,
  { wanted, model, actedOn }: Recorded,
): Promise<Stands> {
  const look = async (): Promise<Stands> =>
    (await checkpointIn(readModels, model, wanted.ledgerId)) ?? { revision: -1n }
  const { version, build } = (await servingModel(readModels, wanted.projection)) ?? {}
  const waitMs = version === model.version && build === model.build ? 0 : buildWaitMsMax
  let stands = await look()
  for (let waitedMs = 0; waitedMs < waitMs; waitedMs += pollMs) {
    if (stands.parked?.revision !== actedOn) break
    await sleep(pollMs)
    stands = await look()
  }
  return stands
}
