import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { isShortRead } from '#adapters/sqlite/sqlite-results.ts'

// https://sqlite.org/walformat.html
const magics: ReadonlySet<number> = new Set([0x377f_0682, 0x377f_0683])
const headerBytes = 32
const pageBytesAt = 8
const frameHeaderBytes = 24

/** Half a MiB of pages: a cut that is made good again in less than a second leaves a longer hole, or loses the beginning. */
const framesApart = 128

/**
 * Answers, as often as it is asked, whether somebody has cut the write-ahead log of an open database short. SQLite goes on
 * behind the hole: it acknowledges what no recovery finds, and checkpoints zeros for pages. It shrinks the file itself, too
 * (`journal_size_limit`, TRUNCATE checkpoints), but never below what it needs, and where it has once written there are never
 * zeros again. Not noticed is what was overwritten before the next look.
 */
export function walHoles(database: string): () => boolean {
  const path = `${database}-wal`
  const written = new Set<number>()
  let size = 0
  return () => {
    const bytes = sizeOf(path)
    for (const [place, isWritten] of placesIn(path))
      if (isWritten) written.add(place)
      // What nobody has written since a crash may be anything.
      else if (written.has(place)) return true
    const lacks = bytes < size ? lacksFrames(database, path) : false
    if (lacks === false) size = bytes
    return lacks === true
  }
}

/** In bytes; 0 where there is no file. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/**
 * The beginnings of the file and of some frames, as far as there are any, and whether each is there. To close the file
 * cancels no locks of SQLite's: those are on the other two.
 */
function placesIn(path: string): ReadonlyMap<number, boolean> {
  const places = new Map<number, boolean>()
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const magic = numberAt(file, 0)
    const pageBytes = numberAt(file, pageBytesAt)
    if (magic === undefined || pageBytes === undefined) return places
    places.set(0, magics.has(magic))
    if (!magics.has(magic)) return places
    const apart = framesApart * (frameHeaderBytes + pageBytes)
    for (let place = headerBytes; ; place += apart) {
      const page = numberAt(file, place)
      if (page === undefined) return places
      places.set(place, page !== 0)
    }
  } catch {
    return places
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function numberAt(file: number, place: number): number | undefined {
  const bytes = Buffer.alloc(4)
  return readSync(file, bytes, { position: place }) === bytes.length
    ? bytes.readUInt32BE()
    : undefined
}

/**
 * Whether SQLite needs more of the file than there is; undefined where it can't say now. As long as somebody reads who
 * began before, nobody makes the file shorter of which frames are not in the database yet.
 */
function lacksFrames(database: string, path: string): boolean | undefined {
  try {
    using reader = openThere(database)
    reader.exec('BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1')
    using asking = openThere(database)
    const { log, checkpointed } = asking.prepare('PRAGMA wal_checkpoint(NOOP)').get() ?? {}
    const pageBytes = asking.prepare('PRAGMA page_size').get()?.['page_size']
    const needed = headerBytes + Number(log) * (frameHeaderBytes + Number(pageBytes))
    return Number(checkpointed) < Number(log) && sizeOf(path) < needed
  } catch (error) {
    return isShortRead(error) ? true : undefined
  }
}

/** Of a database that is there: by default SQLite would make one. */
function openThere(database: string): DatabaseSync {
  const place = pathToFileURL(database)
  place.searchParams.set('mode', 'rw')
  return new DatabaseSync(place, { timeout: 0 })
}
