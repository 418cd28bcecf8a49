import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { deposit, daybook, ndjson, openingRows } from '#test/cli/daybook.ts'
import { flipBit, logOf } from '#test/faults/damaged-log.ts'
import { runProgram, startProgram, temporaryFolder } from '#test/support/program.ts'

const ledgerIds = ['north', 'south']
const deposits = 1_500
const head = deposits + openingRows.length - 1

it('a bit that flips in the index and hides the last events of a ledger is noticed by the start', async () => {
  await using folder = await temporaryFolder()
  const rows = ledgerIds.flatMap((ledgerId) =>
    [...openingRows, ...Array.from({ length: deposits }, () => deposit('1'))].map((row) => ({
      ...row,
      ledgerId,
    })),
  )
  await daybook(['import', '-'], { folder: folder.path, input: ndjson(rows) })
  {
    await using program = await startProgram(folder.path)
    for (const ledgerId of ledgerIds)
      for (let status = 0; status !== 200; )
        ({ status } = await fetch(`${program.url}/v1/ledgers/${ledgerId}/trial-balance`, {
          headers: { 'min-revision': `${head}` },
        }))
    await program.stop()
  }
  hideTail(logOf(folder.path), 'ledger-north')

  const refused = new RegExp(`applied north revision ${head} of .* its index is damaged`)
  await expect(startProgram(folder.path)).rejects.toThrow(refused)
  const more = await daybook(['import', '-'], {
    folder: folder.path,
    input: ndjson([deposit('1', { ledgerId: 'north' })]),
  })
  expect([more.code, more.stderr]).toEqual([1, expect.stringMatching(refused)])
  const audit = await runProgram(['verify-books'], folder.path)
  expect([audit.code, audit.output]).toEqual([
    1,
    expect.stringContaining(`has applied revision ${head}, the log ends at`),
  ])
}, 120_000)

/** Flips a bit of those keys in the index that lead to its pages, until the stream looks shorter, and whole. */
function hideTail(path: string, stream: string): void {
  for (const byte of keysOf(path, stream)) {
    const at = { byte: byte + 'ledger-'.length, bit: 0 }
    flipBit(path, at)
    const seen = headSeen(path, stream)
    if (seen !== undefined && seen > 0 && seen < head) return
    flipBit(path, at)
  }
  throw new Error('no bit hides a tail')
}

/** Where they begin. The first byte of such a page is a 2: https://sqlite.org/fileformat2.html#b_tree_pages */
function* keysOf(path: string, stream: string): Generator<number> {
  const bytes = readFileSync(path)
  const pageSize = bytes.readUInt16BE(16)
  for (let page = pageSize; page < bytes.length; page += pageSize) {
    if (bytes[page] !== 2) continue
    const within = bytes.subarray(page, page + pageSize)
    for (let at = within.indexOf(stream); at >= 0; at = within.indexOf(stream, at + 1))
      yield page + at
  }
}

/** Undefined where SQLite notices. */
function headSeen(path: string, stream: string): number | undefined {
  using database = new DatabaseSync(path, { readOnly: true })
  try {
    const row = database.prepare('SELECT max(revision) AS head FROM events WHERE stream = ?')
    return Number(row.get(stream)?.['head'])
  } catch {
    return undefined
  }
}
