import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Config } from '#config.ts'
import type { Logger } from '#ports/logger.ts'
import { EventStoreUnavailable } from '#ports/event-store.ts'
import { ReadModelsUnavailable, versionsOf } from '#ports/read-models.ts'
import { allProjections } from '#projections/all-projections.ts'
import type { Projection } from '#projections/projection.ts'
import { BuildGone, BuildOutdated, BuildStuck } from '#projections/runtime/build-errors.ts'
import type { Lane, Read } from '#projections/runtime/build-lanes.ts'
import type { LiveModel } from '#projections/runtime/live-models.ts'

/** Which builds a lane's thread fills, and in which read models. */
export type LaneWork = {
  readonly config: Config
  readonly areToServe: boolean
  readonly models: readonly Pick<LiveModel, 'name' | 'version' | 'build'>[]
}

/** What its thread says: how far it is, a line for the log, and last how it ended. */
export type FromLane =
  | { readonly read: number }
  | {
      readonly line: {
        readonly level: keyof Logger
        readonly fields: object
        readonly message: string
      }
    }
  | { readonly filled: { readonly actsPlace: bigint | undefined } }
  | { readonly failed: Failure }

export type Failure = Pick<Error, 'name' | 'message' | 'stack'>

/**
 * A thread that fills half of the builds with connections of its own; undefined where that would be no faster: on a
 * machine with one core, and where the read models are on a server.
 */
export function openBuildLane(
  config: Config,
  logger: Logger,
  { areToServe }: Pick<LaneWork, 'areToServe'>,
): Lane | undefined {
  if (config.readModels.engine !== 'sqlite' || availableParallelism() < 2) return undefined
  return {
    shareOf,
    fill: (models, signal, read) =>
      fillInThread({ config, areToServe, models, logger }, signal, read),
  }
}

/** The projection of the program's own that this is a build of; undefined where the caller brought another. */
export function ownProjection({
  name,
  version,
}: Pick<Projection, 'name' | 'version'>): Projection | undefined {
  const versions = allProjections.flatMap(versionsOf)
  return versions.find((each) => each.name === name && each.version === version)
}

/** Time to fill each and to make its indexes, in hundredths of what all take beside reading the log. Measured: decision 0023. */
const costs: Readonly<Record<string, number>> = {
  entries: 44,
  'trial-balances': 24,
  commands: 15,
  transactions: 10,
  accounts: 5,
  ledgers: 1,
  holds: 1,
}
const costOfOthers = 5

function costOf({ name }: LiveModel): number {
  return costs[name] ?? costOfOthers
}

/** Half of the work, as far as whole models go: the dearest goes here, each next one to who has less. */
function shareOf(models: readonly LiveModel[]): readonly LiveModel[] {
  const share: LiveModel[] = []
  let [theirs, ours] = [0, 0]
  for (const model of models.toSorted((a, b) => costOf(b) - costOf(a)))
    if (theirs < ours && ownProjection(model)?.evolve === model.evolve) {
      share.push(model)
      theirs += costOf(model)
    } else ours += costOf(model)
  return share
}

type Filling = Omit<LaneWork, 'models'> & {
  readonly models: readonly LiveModel[]
  readonly logger: Logger
}

async function fillInThread(
  { models, logger, ...work }: Filling,
  signal: AbortSignal,
  read: Read,
): Promise<bigint | undefined> {
  signal.throwIfAborted()
  const named = models.map(({ name, version, build }) => ({ name, version, build }))
  const workerData: LaneWork = { ...work, models: named }
  const url = new URL('./build-lane-thread.ts', import.meta.url)
  const worker = new Worker(url, { name: 'builder', workerData })
  const stop = () => worker.postMessage('stop')
  signal.addEventListener('abort', stop)
  try {
    return await endOf(worker, { logger, read })
  } catch (error) {
    // A thread that was told to stop has its own words for it.
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Passes on what the thread says; once it has ended, with its connections closed, resolves to the place it had come to. */
function endOf(
  worker: Worker,
  { logger, read }: { readonly logger: Logger; readonly read: Read },
): Promise<bigint | undefined> {
  return new Promise((resolve, reject) => {
    let end = (code: number) => reject(new Error(`a builder's thread ended with code ${code}`))
    worker.on('message', (message: FromLane) => {
      if ('read' in message) return read(message.read)
      if ('filled' in message) end = () => resolve(message.filled.actsPlace)
      if ('failed' in message) end = () => reject(errorOf(message.failed))
      if ('line' in message) logger[message.line.level](message.line.fields, message.line.message)
    })
    worker.once('error', (error) => (end = () => reject(error)))
    worker.once('exit', (code) => end(code))
  })
}

/** An error does not survive the way from one thread to another as what it is. */
function errorOf({ name, message, stack }: Failure): Error {
  const known = [
    BuildGone,
    BuildOutdated,
    BuildStuck,
    ReadModelsUnavailable,
    EventStoreUnavailable,
  ].find((each) => each.name === name)
  const error = known === undefined ? new Error(message) : new known(message)
  return Object.assign(error, known === undefined && { name }, stack !== undefined && { stack })
}
