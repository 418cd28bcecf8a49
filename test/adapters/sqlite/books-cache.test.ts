import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import {
  openSqliteBooksCache,
  openSqliteBooksCacheWriter,
  prepareBooksFolder,
} from '#adapters/sqlite/books-cache.ts'
import { BooksCacheUnavailable, type Fact } from '#ports/books-cache.ts'
import { describeBooksCache } from '#test/contracts/books-cache.ts'

async function aFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-cache-'))
  const path = join(folder, 'books')
  await prepareBooksFolder(path)
  return { path, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

describeBooksCache('SQLite', async () => {
  const at = await aFolder()
  return {
    open: () => openSqliteBooksCacheWriter(at.path),
    [Symbol.asyncDispose]: async () => at[Symbol.dispose](),
  }
})

const question = { kind: 'key', key: 'k1', atMost: 999n } as const

function facts(count: number): Fact[] {
  return Array.from({ length: count }, (_, index) => ({
    kind: 'key',
    key: `k${index}`,
    revision: BigInt(index),
    value: '',
  }))
}

/** A folder with an index of some facts of `acme`. */
async function aKeptFolder(count = 10) {
  const at = await aFolder()
  using cache = openSqliteBooksCacheWriter(at.path)
  const { number } = cache.beginAnew('acme')
  cache.learn(number, facts(count), { revision: BigInt(count), eventId: 'e' })
  return { ...at, number }
}

describe('the folder of kept books', () => {
  it('is for its owner alone', async () => {
    using at = await aKeptFolder()
    using cache = openSqliteBooksCacheWriter(at.path)
    await cache.saveSnapshot('acme', ['one\n'])
    const { signal } = new AbortController()
    await cache.exclusively(async () => undefined, { signal, mayWait: () => true })
    expect(statSync(at.path).mode & 0o777).toBe(0o700)
    const names = readdirSync(at.path).filter((name) => !/-(wal|shm)$/.test(name))
    expect(names.toSorted()).toEqual(['acme.snapshot', 'index.db', 'turn.db'])
    for (const name of readdirSync(at.path))
      expect([name, statSync(join(at.path, name)).mode & 0o777]).toEqual([name, 0o600])
  })

  it('has no files but those of ledgers: a name from a request reaches no other', async () => {
    using at = await aKeptFolder()
    writeFileSync(join(at.path, '..', 'secret.snapshot'), 'secret\n')
    using cache = openSqliteBooksCacheWriter(at.path)
    for await (const lines of cache.readSnapshot('../secret')) expect(lines).toEqual([])
    await expect(cache.saveSnapshot('../secret', ['x'])).rejects.toThrow('no ledger')
    cache.dropSnapshot('../secret')
    expect(existsSync(join(at.path, '..', 'secret.snapshot'))).toBe(true)
  })

  it('keeps its index when it is opened again', async () => {
    using at = await aKeptFolder()
    await prepareBooksFolder(at.path)
    using cache = openSqliteBooksCache(at.path)
    expect(cache.find(at.number, question)).toMatchObject({ revision: 1n })
  })
})

describe('an index that was damaged while nothing ran', () => {
  it.each([
    ['is no database', (path: string) => writeFileSync(path, 'what is this?'.repeat(1_000))],
    [
      'is another one',
      (path: string) => {
        rmSync(path)
        using other = new DatabaseSync(path)
        other.exec('CREATE TABLE t (x)')
      },
    ],
    [
      'has another layout',
      (path: string) => {
        using other = new DatabaseSync(path)
        other.exec('PRAGMA user_version = 99')
      },
    ],
  ])('is made anew where it %s', async (_, damage) => {
    using at = await aKeptFolder()
    damage(join(at.path, 'index.db'))
    await prepareBooksFolder(at.path)
    using cache = openSqliteBooksCache(at.path)
    expect(cache.indexed('acme')).toBeUndefined()
  })

  it('says nothing wrong, whichever byte of it is another one', async () => {
    using at = await aKeptFolder(100)
    const path = join(at.path, 'index.db')
    const whole = readFileSync(path)
    let noticed = 0
    for (let byte = 4096; byte < whole.length; byte += 251) {
      const damaged = Buffer.from(whole)
      damaged[byte] = (damaged[byte] ?? 0) ^ 0x10
      rmSync(path, { force: true })
      writeFileSync(path, damaged)
      noticed += await answersWrongly(at.path, at.number)
    }
    expect(noticed).toBeGreaterThan(0)
  })
})

describe('what the index says of a ledger as a whole', () => {
  it.each([
    ['a bit of its filter', `UPDATE layers SET bits = x'feffff' WHERE layer = 1`],
    ['the count of a layer', 'UPDATE layers SET count = count + 1 WHERE layer = 1'],
    ['which layer it is', 'UPDATE layers SET layer = 1 - layer + 2'],
    ['how many layers there are', 'UPDATE ledgers SET filter_layers = 1'],
    ['how far the filter goes', 'UPDATE ledgers SET filter_to = 9'],
    ['how far the facts go', 'UPDATE ledgers SET facts_to = 99'],
    ['which event that was', `UPDATE ledgers SET facts_event = 'f'`],
    ['whose it is', `UPDATE ledgers SET ledger = 'acne'`],
  ])('is not believed where %s is another one', async (_, damage) => {
    using at = await aKeptFolder()
    {
      using writer = openSqliteBooksCacheWriter(at.path)
      const bits = Uint8Array.from([0xff, 0xff, 0xff])
      const layers = [0, 1].map((layer) => ({ layer, count: 3, bits }))
      writer.saveFilter(at.number, layers, { from: -1n, to: 4n })
      expect(writer.filterLayer(at.number, 1)).toEqual({ layer: 1, count: 3, bits })
    }
    {
      using index = new DatabaseSync(join(at.path, 'index.db'))
      index.exec(damage)
    }
    using cache = openSqliteBooksCache(at.path)
    const noticed = unavailable(() => {
      const known = cache.indexed('acme')
      if (known === undefined) throw new BooksCacheUnavailable('it is not there')
      for (let layer = 0; layer < known.filterLayers; layer += 1)
        if (cache.filterLayer(known.number, layer) === undefined)
          throw new BooksCacheUnavailable('a layer is not there')
    })
    expect(noticed).toBe(1)
  })
})

describe('a fact whose key has become another one', () => {
  it('is missed, not taken for one that never was: every bit of some keys', async () => {
    using at = await aFolder()
    const names = Array.from({ length: 300 }, (_, index) => `order-${1_000 + index}`)
    const all = names.map((key, index): Fact => {
      return { kind: 'key', key, revision: BigInt(index), value: '' }
    })
    const number = learnt(at.path, all)
    const path = join(at.path, 'index.db')
    const whole = readFileSync(path)
    const answers: (bigint | undefined)[] = []
    let asked = 0
    for (const { key, revision } of all.filter((_, index) => index % 13 === 0))
      for (let bit = 0; bit < key.length * 8; bit += 1) {
        const damaged = Buffer.from(whole)
        const byte = damaged.lastIndexOf(key) + (bit >> 3)
        damaged[byte] = (damaged[byte] ?? 0) ^ (1 << (bit & 7))
        writeFileSync(path, damaged)
        using cache = openSqliteBooksCache(at.path)
        asked += 1
        unavailable(() => {
          const found = cache.find(number, { kind: 'key', key, atMost: 999n })?.revision
          // A copy that SQLite left in the free part of a page is of no account.
          answers.push(found === revision ? 0n : found)
        })
      }
    expect(answers.filter((answer) => answer !== 0n)).toEqual([])
    expect(answers.length).toBeLessThan(asked / 2)
  })

  it('is not seen in keys that were never used', async () => {
    using at = await aKeptFolder(100)
    using cache = openSqliteBooksCache(at.path)
    for (const key of ['', 'k', 'k5x', 'zzz', 'a'.repeat(200)])
      expect(cache.find(at.number, { kind: 'key', key, atMost: 999n })).toBeUndefined()
    expect(cache.find(at.number, { kind: 'reversal', key: 'k5', atMost: 999n })).toBeUndefined()
  })
})

/** An index with these facts in one file. */
function learnt(path: string, all: readonly Fact[]): bigint {
  using cache = openSqliteBooksCacheWriter(path)
  const { number } = cache.beginAnew('acme')
  cache.learn(number, all, { revision: BigInt(all.length), eventId: 'e' })
  return number
}

/** How many look-ups noticed that something is wrong; all others found the right thing. */
async function answersWrongly(path: string, number: bigint): Promise<number> {
  const found: [bigint, bigint | undefined][] = []
  await prepareBooksFolder(path)
  const noticed = unavailable(() => {
    using cache = openSqliteBooksCache(path)
    for (const { key, revision } of facts(100))
      unavailable(() => {
        found.push([revision, cache.find(number, { kind: 'key', key, atMost: 999n })?.revision])
      })
    if (found.length < 100) throw new BooksCacheUnavailable('some are damaged')
  })
  for (const [revision, known] of found) expect(known).toBe(revision)
  return noticed
}

function unavailable(work: () => void): number {
  try {
    work()
    return 0
  } catch {
    return 1
  }
}

describe('an index that is deleted while the program runs', () => {
  it('goes on to say the same to who has it open', async () => {
    using at = await aKeptFolder()
    using cache = openSqliteBooksCache(at.path)
    using writer = openSqliteBooksCacheWriter(at.path)
    rmSync(at.path, { recursive: true })
    writer.learn(at.number, [{ ...question, key: 'late', revision: 11n, value: '' }], {
      revision: 11n,
      eventId: 'f',
    })
    expect(cache.find(at.number, { ...question, key: 'late' })).toMatchObject({ revision: 11n })
    expect(cache.find(at.number, question)).toMatchObject({ revision: 1n })
  })
})
