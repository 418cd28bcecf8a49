import { expect, it } from 'vitest'
import { randomId } from '#commands/handler/random-id.ts'

it('an id has 22 characters of those that a header may have, and comes once', () => {
  const ids = Array.from({ length: 10_000 }, () => randomId())
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/)
})

it('ids of a later millisecond sort after those of an earlier one', () => {
  const [earlier, before] = [randomId(), Date.now()]
  while (Date.now() === before);
  expect(randomId() > earlier).toBe(true)
})
