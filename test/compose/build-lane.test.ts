import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { fillFolder } from '#bench/filled-log.ts'
import { compareBuilds } from '#cli/rebuild/compare.ts'
import { type Building, openBuilding } from '#cli/rebuild/parts.ts'
import { openBuildLane } from '#compose/build-lane.ts'
import { openProjecting } from '#compose/projecting.ts'
import { openReadModels } from '#compose/stores.ts'
import { parseConfig } from '#config.ts'
import { allProjections } from '#projections/all-projections.ts'
import { BuildGone } from '#projections/runtime/build-errors.ts'
import { Builder } from '#projections/runtime/builder.ts'
import type { LiveModel } from '#projections/runtime/live-models.ts'
import { counting } from '#test/support/kept-models.ts'
import { temporaryFolder } from '#test/support/program.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

const never = new AbortController().signal
const { logger } = recordingLogger()

describe('builds that two threads fill', () => {
  it('are those that one thread fills', async () => {
    await using folder = await filledFolder(4_000)
    await using building = await open(folder.path)
    const [one, two] = [await started(building), await started(building)]
    await new Builder({ ...building, lane: undefined }).catchUp(one, never)
    const seen: number[] = []
    await new Builder(building).catchUp(two, never, (events) => seen.push(events))
    expect(await differing(building, one, two)).toEqual([])
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
    expect(seen.at(-1)).toBe(folder.events)
  })

  it('go on where they were when they were told to stop', async () => {
    await using folder = await filledFolder(12_000)
    await using building = await open(folder.path)
    const models = await started(building)
    const stop = new AbortController()
    const reason = new Error('enough')
    const stopped = new Builder(building).catchUp(models, stop.signal, (events) => {
      if (events > 0) stop.abort(reason)
    })
    await expect(stopped).rejects.toBe(reason)
    const one = await started(building)
    await new Builder({ ...building, lane: undefined }).catchUp(one, never)
    await new Builder(building).catchUp(models, never)
    expect(await differing(building, one, models)).toEqual([])
  })

  it('end together where one of them is gone, whichever thread fills it', async () => {
    await using folder = await filledFolder(4_000)
    await using building = await open(folder.path)
    for (const isTheirs of [true, false]) {
      const models = await started(building)
      const theirs = building.lane?.shareOf(models) ?? []
      const gone = models.find((model) => theirs.includes(model) === isTheirs)
      if (gone === undefined) throw new Error('only one thread has something to fill')
      await building.writer.dropBuild(gone)
      await expect(new Builder(building).catchUp(models, never)).rejects.toThrow(BuildGone)
    }
  })
})

describe('the first start on a long log', () => {
  it('fills its read models in two threads, however often it is interrupted', async () => {
    await using folder = await filledFolder(21_000)
    const config = parseConfig({ DAYBOOK_DATA: join(folder.path, 'data') })
    await using readModels = await openReadModels(config)
    const isServed = async () => {
      const all = await Promise.all(allProjections.map((model) => readModels.builds(model)))
      return all.every((builds) => builds.some(({ state }) => state === 'serving'))
    }
    const { logger: told, lines } = recordingLogger()
    for (let runMs = 600; !(await isServed()); runMs *= 2) {
      await using projecting = await openProjecting(config, told)
      const stop = new AbortController()
      const running = projecting.run(stop.signal)
      const deadlineMs = performance.now() + runMs
      while (performance.now() < deadlineMs && !(await isServed())) await sleep(20)
      stop.abort()
      await running
    }
    const served = lines.filter(({ message }) => message === 'a build of a read model serves')
    expect(served).toHaveLength(allProjections.length)
    await using building = await open(folder.path)
    const one = await started(building)
    await new Builder({ ...building, lane: undefined }).catchUp(one, never)
    const live = allProjections.map((projection) => ({ ...projection, build: 1 }))
    expect(await differing(building, one, live)).toEqual([])
  }, 120_000)
})

describe('the second thread', () => {
  const config = parseConfig({ DAYBOOK_DATA: '/nowhere' })
  const shareOf = (models: readonly LiveModel[]) =>
    openBuildLane(config, logger, { areToServe: true })
      ?.shareOf(models)
      .map(({ name }) => name)
  const built = allProjections.map((projection) => ({ ...projection, build: 2 }))

  it('fills about half of the read models', () => {
    const share = shareOf(built) ?? []
    // The two dearest are in different halves.
    expect([share.includes('trial-balances'), share.includes('entries')]).toEqual([true, false])
    expect(Math.abs(2 * share.length - built.length)).toBeLessThanOrEqual(2)
  })

  it('is not started for a single one', () => {
    for (const model of built) expect(shareOf([model])).toEqual([])
  })

  it('fills none that is not of the program', () => {
    const others = ['one', 'two', 'commands'].map((name) => ({
      ...counting(1, { name }),
      build: 1,
    }))
    expect(shareOf(others)).toEqual([])
  })

  it('is left out where the read models are on a server', () => {
    const readModels = { engine: 'mongodb', url: 'mongodb://nowhere', database: 'x' } as const
    expect(openBuildLane({ ...config, readModels }, logger, { areToServe: true })).toBeUndefined()
  })
})

async function filledFolder(count: number) {
  const folder = await temporaryFolder()
  const events = await fillFolder(join(folder.path, 'data'), count, 4)
  return { ...folder, events }
}

function open(folder: string): Promise<Building> {
  const config = parseConfig({ DAYBOOK_DATA: join(folder, 'data') })
  const target = { target: config, areToServe: true }
  return openBuilding({ config, logger: { ...logger, fatal() {} } }, target)
}

function started({ writer }: Building): Promise<readonly LiveModel[]> {
  return Promise.all(
    allProjections.map(async (projection) => ({
      ...projection,
      build: await writer.startBuild(projection, new Date().toISOString()),
    })),
  )
}

/** The names of the models of which the two builds are not the same, or empty. */
async function differing(
  { store, skips, readModels }: Building,
  one: readonly LiveModel[],
  other: readonly LiveModel[],
): Promise<readonly string[]> {
  const names: string[] = []
  for (const [index, model] of one.entries()) {
    const live = { readModels, model }
    const built = { readModels, model: other[index] ?? model }
    const { differences } = await compareBuilds({ store, skips, live, built })
    const checkpoints = await readModels.checkpoints(built.model)
    if (differences.length > 0 || checkpoints.size !== 4) names.push(model.name)
  }
  return names
}
