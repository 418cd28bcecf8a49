import { randomUUID } from 'node:crypto'
import { createReadStream, rmSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import type { BooksFiles } from '#adapters/sqlite/books-file.ts'
import { syncFolder } from '#adapters/sqlite/event-log-file.ts'
import { isLedgerId } from '#values/ids.ts'

const chunkBytes = 64 * 1024

/** A line is an account or a hold with its balances or postings: more is no snapshot. */
const lineLengthMax = 64 * 1024 * 1024

/** The lines of a ledger's snapshot, in batches of about 64 KiB; none where there is no file. @throws Node's errors. */
export async function* readSnapshotFile(
  files: BooksFiles,
  ledgerId: string,
): AsyncIterable<readonly string[]> {
  // Names come from requests; only those of ledgers are names of files.
  if (!isLedgerId(ledgerId)) return
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  try {
    const chunks = createReadStream(files.snapshot(ledgerId), { highWaterMark: chunkBytes })
    for await (const chunk of chunks) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > lineLengthMax) throw new Error('it has a line without an end')
      yield lines
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
    throw error
  }
  if (rest !== '') yield [rest]
}

/** Writes the chunks under another name and renames: the file is there whole and durable, or as it was. */
export async function writeSnapshotFile(
  files: BooksFiles,
  ledgerId: string,
  chunks: Iterable<string>,
): Promise<void> {
  if (!isLedgerId(ledgerId)) throw new Error('that is no ledger')
  const unfinished = files.unfinished(`${ledgerId}.${randomUUID()}`)
  try {
    await using file = await open(unfinished, 'wx', 0o600)
    for (const chunk of chunks) await file.appendFile(chunk)
    await file.sync()
    await rename(unfinished, files.snapshot(ledgerId))
    syncFolder(files.folder)
  } finally {
    await rm(unfinished, { force: true })
  }
}

export function removeSnapshotFile(files: BooksFiles, ledgerId: string): void {
  if (isLedgerId(ledgerId)) rmSync(files.snapshot(ledgerId), { force: true })
}
