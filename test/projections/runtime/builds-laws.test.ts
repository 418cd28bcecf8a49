import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { ledgerStream } from '#events/stream-names.ts'
import { counting, KeptModels } from '#test/support/kept-models.ts'
import { patienceMs, runs, seed, untilEnough } from '#test/support/property-runs.ts'

const ledgerIds = ['acme', 'umbra']
const counts = counting(1, { poison: (revision) => revision % 9n === 4n })
const added = counting(1, { name: 'added' })
const raised = counting(2, { name: 'added', by: 10, previous: added })

/** One thing that may happen to read models while their ledgers go on. */
const happening = fc.oneof(
  fc.record({
    kind: fc.constant('record' as const),
    ledger: fc.nat(1),
    events: fc.integer({ min: 1, max: 6 }),
  }),
  fc.record({
    kind: fc.constantFrom('rebuild', 'cut', 'drop', 'skip', 'restart', 'add', 'raise' as const),
  }),
)

it(
  `read models equal the fold of the log after anything that happens to their builds (seed ${seed})`,
  async () => {
    const law = untilEnough(async (happenings: readonly Happening[]) => {
      await using kept = new KeptModels()
      const world = { kept, running: [counts], cutAfter: 1 }
      for (const ledgerId of ledgerIds) await kept.record(ledgerId)
      kept.start(world.running)
      for (const each of happenings) await happen(world, each)
      await comeToRest(world)
      for (const ledgerId of ledgerIds) {
        const head = await headOf(kept, ledgerId)
        const skipped = [...Array(Number(head) + 1).keys()].filter((at) => at % 9 === 4).length
        const total = Number(head) + 1
        expect(await kept.count(counts, ledgerId)).toMatchObject({ count: total - skipped })
        if (world.running.includes(raised))
          expect(await kept.count(raised, ledgerId)).toMatchObject({ count: 10 * total })
        else if (world.running.includes(added))
          expect(await kept.count(added, ledgerId)).toMatchObject({ count: total })
      }
    })
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 4, maxLength: 14 }), law),
      runs(25),
    )
  },
  patienceMs,
)

type Happening = typeof happening extends fc.Arbitrary<infer Value> ? Value : never

type World = { readonly kept: KeptModels; running: (typeof counts)[]; cutAfter: number }

async function happen(world: World, each: Happening): Promise<void> {
  const { kept } = world
  switch (each.kind) {
    case 'record':
      return kept.record(ledgerIds[each.ledger] ?? 'acme', each.events)
    case 'rebuild':
      return void (await kept.rebuild(counts).catch(onlyIfOutdated))
    case 'cut':
      world.cutAfter += 1
      return cutRebuild(kept, world.cutAfter)
    case 'drop':
      return dropOthers(kept)
    case 'skip':
      return skipParked(kept)
    case 'add':
      return restarted(world, [counts, added])
    case 'raise':
      return restarted(world, [counts, raised])
    case 'restart':
      return restarted(world, world.running)
  }
}

/** A version that came later stays: nobody goes back. */
async function restarted(world: World, projections: World['running']): Promise<void> {
  await world.kept.stop()
  if (!world.running.includes(raised)) world.running = projections
  world.kept.start(world.running)
}

async function cutRebuild(kept: KeptModels, reads: number): Promise<void> {
  const stop = new AbortController()
  let left = (reads % 5) + 1
  kept.store.beforeRead = async () => {
    left -= 1
    if (left === 0) stop.abort(new Error('cut off'))
  }
  await kept.rebuild(counts, stop.signal).catch(() => {})
  kept.store.beforeRead = undefined
}

/** A skip in the middle of a build is answered by another build. */
function onlyIfOutdated(error: unknown): void {
  if (!(error instanceof Error) || error.name !== 'BuildOutdated') throw error
}

async function dropOthers(kept: KeptModels): Promise<void> {
  for (const { number, state } of await kept.models.builds(counts))
    if (state !== 'serving') await kept.models.dropBuild({ ...counts, build: number })
}

async function skipParked(kept: KeptModels): Promise<void> {
  for (const ledgerId of ledgerIds) {
    const { parked } = await kept.count(counts, ledgerId)
    if (parked !== undefined) await kept.act({ act: 'skip', ledgerId, revision: parked })
  }
}

async function headOf(kept: KeptModels, ledgerId: string): Promise<bigint> {
  const head = await kept.store.head(ledgerStream(ledgerId))
  return head === 'no-stream' ? -1n : head
}

async function comeToRest({ kept, running }: World): Promise<void> {
  for (const ledgerId of ledgerIds) {
    const head = await headOf(kept, ledgerId)
    await kept.until(async () => {
      await skipParked(kept)
      return (await kept.count(counts, ledgerId)).revision === head
    })
    for (const projection of running.slice(1)) await kept.untilServed(projection, ledgerId)
  }
}
