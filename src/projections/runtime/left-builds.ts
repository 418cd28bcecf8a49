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

/** Builds beside one of their own version that serves: only a rebuild fills such, and nobody goes on with what it left. */
export async function buildsBeside(
  writer: Pick<ReadModelWriter, 'builds'>,
  projections: readonly Projection[],
): Promise<readonly LiveModel[]> {
  const found: LiveModel[] = []
  for (const projection of projections) {
    const builds = await writer.builds(projection)
    if (!builds.some(({ state }) => state === 'serving')) continue
    for (const { number: build, state } of builds)
      if (state === 'building') found.push({ ...projection, build })
  }
  return found
}

/** Drops what a killed rebuild left, as the only builder. @throws the signal's reason. */
export async function dropLeftBuilds(parts: MissingParts, signal: AbortSignal): Promise<void> {
  const { writer, projections, holder, clock, logger, pace = systemPace } = parts
  const failed = (error: Error) => logger.warn({ err: error }, 'a left build waits to be dropped')
  const persist = <Result>(until: AbortSignal, work: () => Promise<Result>) =>
    retrying({ limits: projectorLimits, failed, signal: until, pace }, work)
  const look = (until: AbortSignal) => persist(until, () => buildsBeside(writer, projections))
  if ((await look(signal)).length === 0) return
  const lease = { leases: writer, name: builderLease, holder, clock, logger, times }
  await holdLease(lease, signal, async (held) => {
    for (const model of await look(held)) {
      await persist(held, () => writer.dropBuild(model))
      const { name, version, build } = model
      logger.info({ projection: name, version, build }, 'a build that nobody filled was dropped')
    }
  })
}
