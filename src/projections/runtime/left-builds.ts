import { systemPace } from '#ports/pace.ts'
import type { ReadModelWriter } from '#ports/read-models.ts'
import type { Projection } from '#projections/projection.ts'
import { builderLease, type MissingParts } from '#projections/runtime/build-missing.ts'
import { holdLease, type LeaseTimes } from '#projections/runtime/hold-lease.ts'
import { projectorLimits } from '#projections/runtime/limits.ts'
import type { LiveModel } from '#projections/runtime/live-models.ts'
import { retrying } from '#projections/runtime/retrying.ts'

/** A rebuild renews nothing while it makes an index, which may take long; what it fills must not be taken for left over. */
const times: LeaseTimes = { leaseMs: 1_800_000, renewMs: 1_500 }

/** Tells whether some process fills builds. */
export type IsBuilding = () => Promise<boolean>

/** The builds of the projection that are being filled, or will be: not those that a killed rebuild left. */
export async function buildsUnderWay(
  { readModels, isBuilding }: { readonly readModels: Builds; readonly isBuilding: IsBuilding },
  projection: Projection,
): Promise<readonly LiveModel[]> {
  const { unended, areRebuilds } = await unendedBuilds(readModels, projection)
  return unended.length > 0 && areRebuilds && !(await isBuilding()) ? [] : unended
}

/** Those of rebuilds: all that are left over where nobody builds. */
export async function rebuildsOf(
  readModels: Builds,
  projections: readonly Projection[],
): Promise<readonly LiveModel[]> {
  const all = await Promise.all(projections.map((each) => unendedBuilds(readModels, each)))
  return all.flatMap(({ unended, areRebuilds }) => (areRebuilds ? unended : []))
}

type Builds = Pick<ReadModelWriter, 'builds'>

/** Beside one of their own version that serves, only a rebuild fills builds, and nobody goes on with what it left. */
async function unendedBuilds(readModels: Builds, projection: Projection) {
  const builds = await readModels.builds(projection)
  const unended = builds.filter(({ state }) => state === 'building')
  const areRebuilds = builds.some(({ state }) => state === 'serving')
  return { unended: unended.map(({ number: build }) => ({ ...projection, build })), areRebuilds }
}

/** Drops what a killed rebuild left, as the only builder. @throws the signal's reason. */
export async function dropLeftBuilds(parts: MissingParts, signal: AbortSignal): Promise<void> {
  const { writer, projections, holder, clock, logger, pace = systemPace } = parts
  const failed = (error: Error) => logger.warn({ err: error }, 'a left build waits to be dropped')
  const persist = <Result>(until: AbortSignal, work: () => Promise<Result>) =>
    retrying({ limits: projectorLimits, failed, signal: until, pace }, work)
  const look = (until: AbortSignal) => persist(until, () => rebuildsOf(writer, projections))
  if ((await look(signal)).length === 0) return
  const lease = { leases: writer, name: builderLease, holder, clock, logger, times, pace }
  await holdLease(lease, signal, async (held) => {
    for (const model of await look(held)) {
      await persist(held, () => writer.dropBuild(model))
      const { name, version, build } = model
      logger.info({ projection: name, version, build }, 'a build that nobody filled was dropped')
    }
  })
}
