import { describe, expect, it } from 'vitest'
import { ActLog } from '#projections/runtime/act-log.ts'
import type { Lane } from '#projections/runtime/build-lanes.ts'
import { Builder } from '#projections/runtime/builder.ts'
import type { LiveModel } from '#projections/runtime/live-models.ts'
import { counting, KeptModels } from '#test/support/kept-models.ts'

const never = new AbortController().signal
const names = ['counts', 'others'] as const

/** A builder of its own for all models but the first, and what it knows of acts. */
async function laneOf(kept: KeptModels): Promise<Lane> {
  const acts = new ActLog(kept.store)
  const parts = { ...(await kept.building()), acts }
  return {
    shareOf: (models) => models.slice(1),
    async fill(models, signal, read) {
      await new Builder(parts).catchUp(models, signal, read)
      return acts.place
    },
  }
}

async function started(kept: KeptModels, poison?: (revision: bigint) => boolean) {
  const models: LiveModel[] = []
  for (const name of names) {
    const projection = counting(1, { name, ...(poison && { poison }) })
    const build = await kept.models.startBuild(projection, new Date().toISOString())
    models.push({ ...projection, build })
  }
  return models
}

describe('two lanes', () => {
  it('take in what was skipped before they began', async () => {
    await using kept = new KeptModels()
    await kept.record('acme', 5)
    const [others, counts] = (await started(kept, (revision) => revision === 3n)).toReversed()
    if (counts === undefined || others === undefined) throw new Error('two were started')
    await kept.act({ act: 'skip', ledgerId: 'acme', revision: 3n })
    const builder = new Builder({ ...(await kept.building()), lane: await laneOf(kept) })
    await builder.catchUp([others, counts], never)
    await builder.serve(counts, never)
    expect(await kept.count(counts, 'acme')).toEqual({ count: 4, revision: 4n, parked: undefined })
    expect(await kept.count(others, 'acme')).toMatchObject({ parked: 3n })
  })

  it('end together when one fails', async () => {
    await using kept = new KeptModels()
    await kept.record('acme', 50)
    const failure = new Error('a bug')
    const lane: Lane = {
      shareOf: (models) => models.slice(1),
      fill: async () => {
        throw failure
      },
    }
    let read = 0
    const builder = new Builder({ ...(await kept.building()), lane })
    const built = builder.catchUp(await started(kept), never, (events) => (read = events))
    await expect(built).rejects.toBe(failure)
    expect(read).toBe(0)
  })

  it('count an event once', async () => {
    await using kept = new KeptModels()
    await kept.record('acme', 20)
    const counts: number[] = []
    const builder = new Builder({ ...(await kept.building()), lane: await laneOf(kept) })
    await builder.catchUp(await started(kept), never, (events) => counts.push(events))
    expect(counts.at(-1)).toBe(20)
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
  })
})
