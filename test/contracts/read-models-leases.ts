import { describe, expect, it } from 'vitest'
import type { ReadModelStore } from '#test/contracts/read-models-examples.ts'

/** What every read-model store must keep of leases. */
export function describeLeases(name: string, makeStore: () => Promise<ReadModelStore>): void {
  describe(`${name}: a lease`, () => {
    it("is nobody's until it is taken", async () => {
      await using store = await makeStore()
      await using writer = await store.openWriter()
      expect(await writer.lease('projector')).toBeUndefined()
      expect(await writer.moveLease('projector', undefined, 'ann')).toBe(true)
      expect(await writer.lease('projector')).toMatchObject({ holder: 'ann' })
      expect(await writer.lease('sweeper')).toBeUndefined()
      await using readModels = await store.openReadModels()
      expect(await readModels.lease('projector')).toEqual(await writer.lease('projector'))
      expect(await readModels.lease('sweeper')).toBeUndefined()
    })

    it('beats on with every renewal, and is still held after it was opened again', async () => {
      await using store = await makeStore()
      await using writer = await store.openWriter()
      let seen = await writer.lease('projector')
      for (const holder of ['ann', 'ann', 'bob', 'ann']) {
        const beat = seen?.beat ?? 0n
        expect(await writer.moveLease('projector', seen, holder)).toBe(true)
        seen = await writer.lease('projector')
        expect(seen).toEqual({ holder, beat: beat + 1n })
      }
      await using second = await store.openWriter()
      expect(await second.lease('projector')).toEqual(seen)
    })

    it('stays where it is for one who saw it otherwise', async () => {
      await using store = await makeStore()
      await using writer = await store.openWriter()
      const never = { holder: 'ann', beat: 1n }
      expect(await writer.moveLease('projector', never, 'ann')).toBe(false)
      await writer.moveLease('projector', undefined, 'ann')
      const first = await writer.lease('projector')
      await writer.moveLease('projector', first, 'ann')
      const held = await writer.lease('projector')
      for (const seen of [undefined, first, { holder: 'bob', beat: held?.beat ?? 0n }])
        expect(await writer.moveLease('projector', seen, 'bob')).toBe(false)
      expect(await writer.lease('projector')).toEqual(held)
    })

    it('goes to one of many who reach for it at once', async () => {
      await using store = await makeStore()
      await using first = await store.openWriter()
      await using second = await store.openWriter()
      const takers = Array.from({ length: 10 }, (_, index) => `taker ${index}`)
      for (let round = 0; round < 5; round += 1) {
        const seen = await first.lease('projector')
        const taken = await Promise.all(
          takers.map((taker, index) =>
            (index % 2 === 0 ? first : second).moveLease('projector', seen, taker),
          ),
        )
        expect(taken.filter((won) => won)).toHaveLength(1)
        const beat = (seen?.beat ?? 0n) + 1n
        expect(await second.lease('projector')).toEqual({
          holder: takers[taken.indexOf(true)],
          beat,
        })
      }
    })
  })
}
