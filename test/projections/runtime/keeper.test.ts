import { describe, expect, it } from 'vitest'
import { projectionsStream } from '#events/stream-names.ts'
import { ledgers } from '#projections/ledgers.ts'
import { counting, KeptModels } from '#test/support/kept-models.ts'

const atThree = { poison: (revision: bigint) => revision === 3n }

describe('an event that one projection cannot take in', () => {
  it('parks its ledger in that projection alone', async () => {
    await using kept = new KeptModels()
    const counts = counting(1, atThree)
    await kept.record('acme', 5)
    await kept.record('umbra', 3)
    kept.start([counts, ledgers])
    await kept.untilServed(ledgers, 'acme')
    await kept.untilServed(counts, 'umbra')
    expect(await kept.count(counts, 'acme')).toEqual({ count: 3, revision: 2n, parked: 3n })
  })

  it('is gone past once it is skipped, and by a rebuild too', async () => {
    await using kept = new KeptModels()
    const counts = counting(1, atThree)
    await kept.record('acme', 5)
    kept.start([counts])
    await kept.until(async () => (await kept.count(counts, 'acme')).parked === 3n)
    await kept.act({ act: 'skip', ledgerId: 'acme', revision: 3n })
    await kept.untilServed(counts, 'acme')
    expect(await kept.count(counts, 'acme')).toEqual({ count: 4, revision: 4n, parked: undefined })
    expect(await kept.rebuild(counts)).toBe(2)
    await kept.record('acme')
    await kept.untilServed(counts, 'acme')
    expect(await kept.count(counts, 'acme')).toMatchObject({ count: 5, revision: 5n })
  })

  it('is taken in by a retry once nothing is wrong with it', async () => {
    await using kept = new KeptModels()
    let isBroken = true
    const counts = counting(1, { poison: (revision) => isBroken && revision === 3n })
    await kept.record('acme', 5)
    kept.start([counts])
    await kept.until(async () => (await kept.count(counts, 'acme')).parked === 3n)
    await kept.act({ act: 'retry', ledgerId: 'acme', revision: 3n })
    await kept.until(async () => (await kept.models.feedPosition('acts')) === 0n)
    expect(await kept.count(counts, 'acme')).toMatchObject({ count: 3, parked: 3n })
    isBroken = false
    await kept.act({ act: 'retry', ledgerId: 'acme', revision: 3n })
    await kept.untilServed(counts, 'acme')
    expect(await kept.count(counts, 'acme')).toMatchObject({ count: 5 })
  })

  it('is gone past though the act before is damaged', async () => {
    await using kept = new KeptModels()
    const counts = counting(1, atThree)
    await kept.record('acme', 5)
    const damaged = { id: crypto.randomUUID(), type: 'ProjectionEventSkipped', json: '}' }
    await kept.store.append(projectionsStream, [damaged], 'no-stream')
    kept.start([counts])
    await kept.until(async () => (await kept.count(counts, 'acme')).parked === 3n)
    await kept.act({ act: 'skip', ledgerId: 'acme', revision: 3n })
    await kept.untilServed(counts, 'acme')
    await kept.until(async () => (await kept.models.feedPosition('acts')) === 1n)
  })

  it('is taken in by a fixed projection at its start', async () => {
    await using kept = new KeptModels()
    await kept.record('acme', 5)
    kept.start([counting(1, atThree)])
    await kept.until(async () => (await kept.count(counting(), 'acme')).parked === 3n)
    await kept.stop()
    kept.start([counting()])
    await kept.untilServed(counting(), 'acme')
    expect(await kept.count(counting(), 'acme')).toMatchObject({ count: 5 })
  })
})

describe('a projection added to read models that are in use', () => {
  it('is filled from the log while the others go on', async () => {
    await using kept = new KeptModels()
    const added = counting(1, { name: 'added' })
    await kept.record('acme', 40)
    await kept.record('quiet', 20)
    kept.start([counting()])
    await kept.untilServed(counting(), 'quiet')
    await kept.stop()
    kept.start([counting(), added])
    for (let round = 0; round < 20; round += 1) await kept.record('acme', 2)
    await kept.untilServed(added, 'acme')
    await kept.untilServed(added, 'quiet')
    await kept.untilServed(counting(), 'acme')
    expect(await kept.count(added, 'acme')).toEqual({ count: 80, revision: 79n, parked: undefined })
    expect(await kept.count(added, 'quiet')).toMatchObject({ count: 20 })
    await kept.until(async () => (await kept.models.feedPosition('build added@1.1')) === undefined)
  })

  it('is built though nobody has noted yet how far the feed was read', async () => {
    await using kept = new KeptModels()
    const added = counting(1, { name: 'added' })
    await kept.record('acme', 5)
    kept.start([counting()])
    await kept.untilServed(counting(), 'acme')
    await kept.stop()
    await kept.models.forgetFeedPosition('projector')
    kept.start([counting(), added])
    await kept.untilServed(added, 'acme')
    const isBuilt = ({ message }: { readonly message: string }) =>
      message === 'a build of a read model serves'
    await kept.until(async () => kept.lines.some(isBuilt))
  })

  it('goes on being filled after the projector was stopped in between', async () => {
    await using kept = new KeptModels()
    const added = counting(1, { name: 'added' })
    await kept.record('acme', 200)
    kept.start([counting()])
    await kept.untilServed(counting(), 'acme')
    await kept.stop()
    for (let starts = 0; starts < 3; starts += 1) {
      kept.start([counting(), added])
      await kept.record('acme', 1)
      await kept.untilServed(counting(), 'acme')
      await kept.stop()
    }
    kept.start([counting(), added])
    await kept.untilServed(added, 'acme')
    expect((await kept.models.builds(added)).map(({ number }) => number)).toEqual([1])
    expect(await kept.count(added, 'acme')).toMatchObject({ count: 203 })
  })
})

describe('a version that names the one before it', () => {
  it('is answered all along, and no answer steps back', async () => {
    await using kept = new KeptModels()
    const first = counting(1)
    const second = counting(2, { by: 10, previous: first })
    await kept.record('acme', 100)
    kept.start([first])
    await kept.untilServed(first, 'acme')
    await kept.stop()
    kept.start([second])
    const seen: { count: number; revision: bigint }[] = []
    await kept.until(async () => {
      seen.push(await kept.count(second, 'acme'))
      await kept.record('acme')
      return (await kept.models.builds(second)).some(({ state }) => state === 'serving')
    })
    await kept.untilServed(second, 'acme')
    seen.push(await kept.count(second, 'acme'))
    for (const [index, { count, revision }] of seen.entries()) {
      expect(revision).toBeGreaterThanOrEqual(seen[index - 1]?.revision ?? 99n)
      expect([1, 10].map((by) => by * Number(revision + 1n))).toContain(count)
    }
    expect(seen.at(-1)?.count).toBe(10 * Number((seen.at(-1)?.revision ?? 0n) + 1n))
    expect(await kept.models.builds(first)).toMatchObject([{ state: 'retired' }])
  })

  it('does not take its place where it cannot take in what that one could, until somebody acts', async () => {
    await using kept = new KeptModels()
    // Longer than anybody waits here: an act ends it.
    kept.stuckMs = 600_000
    const first = counting(1)
    const second = counting(2, { ...atThree, previous: first })
    await kept.record('acme', 5)
    kept.start([first])
    await kept.untilServed(first, 'acme')
    await kept.stop()
    kept.start([second])
    await kept.until(async () =>
      kept.lines.some(({ message }) => message.startsWith('a read model could not be built')),
    )
    expect(await kept.count(second, 'acme')).toMatchObject({ count: 5, parked: undefined })
    await kept.act({ act: 'skip', ledgerId: 'acme', revision: 3n }, 2)
    await kept.until(async () => (await kept.count(second, 'acme')).count === 4)
  })
})

describe('a read model that cannot be built', () => {
  it('keeps no other from serving, and says which ledger it is', async () => {
    await using kept = new KeptModels()
    kept.stuckMs = 600_000
    const first = counting(1)
    const second = counting(2, { ...atThree, previous: first })
    const another = counting(1, { name: 'others' })
    await kept.record('acme', 5)
    kept.start([first])
    await kept.untilServed(first, 'acme')
    await kept.stop()
    kept.start([second, another])
    await kept.untilServed(another, 'acme')
    const said = kept.lines.find(({ message }) => message.startsWith('a read model could not'))
    expect(
      JSON.stringify(said?.fields, (_, value: unknown) =>
        value instanceof Error ? value.message : value,
      ),
    ).toContain('ledger acme is parked in it at revision 3: revision 3 is poison')
    expect(await kept.count(second, 'acme')).toMatchObject({ count: 5 })
  })
})

describe('two releases at a time', () => {
  it('come to an end: what the newer one has replaced, the older one builds no more', async () => {
    await using older = new KeptModels()
    await using newer = new KeptModels(older.models, older.store)
    const first = counting(1)
    const second = counting(2, { by: 10, previous: first })
    await older.record('acme', 20)
    older.start([first])
    await older.untilServed(first, 'acme')
    newer.start([second])
    await newer.untilServed(second, 'acme')
    const replaced = 'a newer release has replaced a read model'
    const lines = () => older.lines.filter(({ message }) => message.startsWith(replaced))
    await older.until(async () => lines().length > 0)
    for (let more = 0; more < 10; more += 1) {
      await older.record('acme')
      await newer.untilServed(second, 'acme')
    }
    expect(lines()).toHaveLength(1)
    expect(await older.models.builds(first)).toMatchObject([{ number: 1, state: 'retired' }])
    expect(await older.models.builds(second)).toMatchObject([{ number: 1, state: 'serving' }])
  })

  it('leave the older one what it needs where somebody goes back to it', async () => {
    await using kept = new KeptModels()
    const first = counting(1)
    const second = counting(2, { by: 10, previous: first })
    await kept.record('acme', 20)
    for (const release of [first, second, first, second]) {
      kept.start([release])
      await kept.untilServed(release, 'acme')
      await kept.stop()
    }
    expect(await kept.count(second, 'acme')).toMatchObject({ count: 200 })
  })
})

describe('a rebuild', () => {
  it('that is stopped anywhere leaves what serves as it was', async () => {
    await using kept = new KeptModels()
    await kept.record('acme', 60)
    kept.start([counting()])
    await kept.untilServed(counting(), 'acme')
    for (let reads = 1; reads <= 12; reads += 1) {
      const stop = new AbortController()
      let left = reads
      kept.store.beforeRead = async () => {
        left -= 1
        if (left === 0) stop.abort(new Error('killed'))
      }
      await kept.rebuild(counting(), stop.signal).catch(() => {})
      kept.store.beforeRead = undefined
      await kept.record('acme')
      await kept.untilServed(counting(), 'acme')
      expect(await kept.count(counting(), 'acme')).toMatchObject({ count: 60 + reads })
    }
  })

  it('is dropped where it was left beside what serves, and nobody builds', async () => {
    await using kept = new KeptModels()
    await kept.record('acme', 5)
    kept.start([counting()])
    await kept.untilServed(counting(), 'acme')
    await kept.models.startBuild(counting(), '2026-01-01T00:00:00.000Z')
    await kept.until(async () => (await kept.models.builds(counting())).length === 1)
    expect(await kept.models.builds(counting())).toMatchObject([{ number: 1, state: 'serving' }])
  })

  it('heals a document that is not what the log makes of it', async () => {
    await using kept = new KeptModels()
    await kept.record('acme', 5)
    kept.start([counting()])
    await kept.untilServed(counting(), 'acme')
    await kept.stop()
    const wrong = { id: 'all', revision: 5n, document: { count: 77 } }
    const checkpoint = { revision: 5n, recordedAt: '2026-03-01T12:00:00.000Z' }
    const change = { model: counting(), ledgerId: 'acme', expected: 4n, checkpoint }
    await kept.models.commit([{ ...change, documents: [wrong] }])
    await kept.record('acme')
    await kept.rebuild(counting())
    expect(await kept.count(counting(), 'acme')).toMatchObject({ count: 6, revision: 5n })
  })

  it('begins again where an event is skipped that it has taken in already', async () => {
    await using kept = new KeptModels()
    await kept.record('acme', 5)
    const counts = counting()
    const parts = await kept.building()
    const { Builder } = await import('#projections/runtime/builder.ts')
    const { signal } = new AbortController()
    const model = {
      ...counts,
      build: await kept.models.startBuild(counts, '2026-01-01T00:00:00.000Z'),
    }
    const builder = new Builder(parts)
    await builder.catchUp([model], signal)
    await kept.act({ act: 'skip', ledgerId: 'acme', revision: 3n })
    await expect(builder.serve(model, signal)).rejects.toThrow('was skipped in counts')
  })
})
