import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  openSqliteBooksCache,
  openSqliteBooksCacheWriter,
  prepareBooksFolder,
} from '#adapters/sqlite/books-cache.ts'
import { BooksCacheUnavailable, type Fact } from '#ports/books-cache.ts'
import { exchanges, misplacements } from '#test/support/index-pages.ts'

const count = 800

/** Keys that were used once, and one transaction that was reversed again and again. */
const facts = Array.from({ length: count }, (_, index): Fact[] => {
  const revision = BigInt(2 * index)
  return [
    { kind: 'key', key: `key-${index}-${'q'.repeat(20)}`, revision, value: '' },
    { kind: 'reversal', key: '7', revision: revision + 1n, value: `${index} ${10 ** 20}` },
  ]
}).flat()

async function anIndex() {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-pages-'))
  await prepareBooksFolder(folder)
  using cache = openSqliteBooksCacheWriter(folder)
  const { number } = cache.beginAnew('acme')
  cache.learn(number, facts, { revision: BigInt(2 * count), eventId: 'e' })
  const path = join(folder, 'index.db')
  return { folder, path, number, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

describe('an index with a whole page in a wrong place', () => {
  it.each([
    ['its facts', (path: string) => misplacements(path, 'facts')],
    ['its marks', (path: string) => misplacements(path, 'marks')],
    ['both', (path: string) => exchanges(path, 'facts', 'marks')],
  ])('hides no fact, and gives no older one for it: pages of %s', async (_, waysOf) => {
    using at = await anIndex()
    const whole = readFileSync(at.path)
    const ways = waysOf(at.path)
    expect(ways.length).toBeGreaterThan(10)
    for (const [name, damage] of ways) {
      const damaged = Buffer.from(whole)
      damage(damaged)
      writeFileSync(at.path, damaged)
      for (const [fact, found] of foundOf(at.folder, at.number))
        expect([name, fact.key, found]).toEqual([name, fact.key, fact.revision])
    }
  })
})

/** What some facts were answered by; those are left out that nobody was told of. */
function foundOf(folder: string, number: bigint): [Fact, bigint | undefined][] {
  const answers: [Fact, bigint | undefined][] = []
  using cache = openSqliteBooksCache(folder)
  for (const fact of facts.filter((_, index) => index % 7 === 0))
    try {
      answers.push([fact, cache.find(number, { ...fact, atMost: fact.revision })?.revision])
    } catch (error) {
      if (!(error instanceof BooksCacheUnavailable)) throw error
    }
  return answers
}

describe('an index that is further than the books', () => {
  it('misses nothing for what is newer than they are', async () => {
    using at = await anIndex()
    using cache = openSqliteBooksCache(at.folder)
    const { kind, key } = { kind: 'reversal', key: '7' } as const
    for (const revision of [1n, 41n, 399n])
      for (const atMost of [revision, revision + 1n])
        expect(cache.find(at.number, { kind, key, atMost })?.revision).toBe(revision)
    expect(cache.find(at.number, { kind, key, atMost: 0n })).toBeUndefined()
    for (const fact of facts.filter((each) => each.kind === 'key').slice(1, 50))
      expect(cache.find(at.number, { ...fact, atMost: fact.revision - 1n })).toBeUndefined()
  })

  it('finds what is newer by many thousands of revisions', async () => {
    using at = await anIndex()
    using cache = openSqliteBooksCacheWriter(at.folder)
    const late = { kind: 'reversal', key: '8', value: '1' } as const
    const revisions = [5_000n, 900_000n, 3_000_000n]
    const learnt = revisions.map((revision) => ({ ...late, revision }))
    cache.learn(at.number, learnt, { revision: 3_000_000n, eventId: 'f' })
    for (const revision of revisions)
      for (const atMost of [revision, revision + 1_000n])
        expect(cache.find(at.number, { ...late, atMost })?.revision).toBe(revision)
    expect(cache.find(at.number, { ...late, atMost: 4_999n })).toBeUndefined()
  })
})
