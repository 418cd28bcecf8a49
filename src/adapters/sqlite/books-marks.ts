import { hash } from 'node:crypto'
import type { ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import type { Fact, FactKind, FactQuestion } from '#ports/books-cache.ts'

/**
 * Marks of 262,144 revisions lie together: random inserts go into 7 MB, which the cache of a connection holds, and a
 * look-up is one search for each run. All of them in one order took two and a half times the processor time.
 */
const runBits = 18n

const addMark = 'INSERT OR IGNORE INTO marks VALUES (?, ?, ?, ?)'
const findLater = `WITH RECURSIVE
  last (run) AS (SELECT min(?4 >> ${runBits}, max(run)) FROM marks WHERE ledger = ?1),
  runs (run) AS (SELECT ?3 >> ${runBits} UNION ALL SELECT runs.run + 1 FROM runs, last WHERE runs.run < last.run)
  SELECT 1 FROM runs CROSS JOIN marks USING (run)
  WHERE ledger = ?1 AND hash = ?2 AND revision BETWEEN ?3 AND ?4 LIMIT 1`
const dropMarks = `DELETE FROM marks WHERE (ledger, run, hash, revision) IN
  (SELECT ledger, run, hash, revision FROM marks WHERE ledger = ? LIMIT ?)`

/**
 * A second account of which facts there are, in a B-tree of its own and in an order that has nothing to do with theirs:
 * what a wrong page or pointer hides of the one is still in the other.
 */
export class BooksMarks {
  readonly #connection: ReadModelConnection

  constructor(connection: ReadModelConnection) {
    this.#connection = connection
  }

  /** In the order of the hashes, so that what comes together is put into a page together. */
  add(number: bigint, facts: readonly Fact[]): void {
    const add = this.#connection.prepare(addMark)
    const marks = facts.map(({ kind, key, revision }) => ({ hash: hashOf(kind, key), revision }))
    for (const mark of marks.toSorted((a, b) => (a.hash < b.hash ? -1 : 1)))
      add.run(number, mark.revision >> runBits, mark.hash, mark.revision)
  }

  /** Whether there is a fact as asked for from a revision on. */
  has(number: bigint, { kind, key, atMost }: FactQuestion, from: bigint): boolean {
    const find = this.#connection.prepare(findLater)
    return find.get(number, hashOf(kind, key), from, atMost) !== undefined
  }

  /** Takes away some of a number's; false where there are none. */
  drop(number: bigint, countMax: number): boolean {
    return Number(this.#connection.prepare(dropMarks).run(number, countMax).changes) > 0
  }
}

/** 64 bits: two keys of a ledger that share them by chance would only cost it its cache. */
function hashOf(kind: FactKind, key: string): bigint {
  return hash('sha256', `${kind} ${key}`, 'buffer').readBigInt64BE()
}
