import { type BigIntStats, statSync } from 'node:fs'
import { walHoles } from '#adapters/sqlite/wal-holes.ts'

const lookEveryMs = 1_000

/** The next checkpoint gives a database that was cut its size again. */
const sizeEveryMs = 100

/** Whether a database is still where it was opened, and whole. */
export type PlaceWatch = Disposable & {
  /** Whether it or its write-ahead log lacks something that was in it: nobody should carry over what is left. */
  readonly isCut: boolean
  /** Looks at once. @throws what `lost` is told. */
  look(): void
}

/**
 * Looks each second whether the database and its companions are the files that they are now: what is written to a file
 * without a name is gone when the process ends, and who comes next makes another one. A file that is not there yet counts
 * from when it is. Only paths are looked up, since opening the files and closing them would cancel SQLite's locks. Looks
 * as well whether the database or its write-ahead log was cut short. `lost` is told once. For who has the database open, and to be
 * disposed of before it is closed, which looks once more.
 */
export function watchPlace(database: string, lost: (reason: Error) => void): PlaceWatch {
  const paths = [database, `${database}-wal`, `${database}-shm`]
  const opened = new Map<string, File>()
  let reason: Error | undefined
  let isOver = false
  let isCut = false
  const size = watchSize(database)
  const hasHoles = walHoles(database)
  const found = () => {
    for (const path of paths) {
      const now = fileAt(path)
      const before = opened.get(path)
      if (before === undefined && now !== undefined) opened.set(path, now)
      if (before !== undefined && !isSame(before, now))
        return new Error(
          `${path} is not the file any more that was opened: it was moved or deleted`,
        )
    }
    size.look()
    const cut = size.hasShrunk ? database : hasHoles() ? `${database}-wal` : undefined
    isCut = cut !== undefined
    return isCut ? new Error(`${cut} was cut short while it was in use`) : undefined
  }
  const compare = () => {
    // Whoever closes a database last takes its companions away.
    if (reason !== undefined || isOver) return reason
    reason = found()
    if (reason !== undefined) lost(reason)
    return reason
  }
  compare()
  const timers = [
    setInterval(compare, lookEveryMs).unref(),
    setInterval(() => size.look(), sizeEveryMs).unref(),
  ]
  return {
    get isCut() {
      return isCut
    },
    look() {
      compare()
      if (reason !== undefined) throw reason
    },
    [Symbol.dispose]() {
      compare()
      isOver = true
      for (const timer of timers) clearInterval(timer)
    },
  }
}

type File = BigIntStats | 'unknown'

/** What can't be looked up for another reason than that there is nothing counts as before. */
function fileAt(path: string): File | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false })
  } catch {
    return 'unknown'
  }
}

/** Whether a database was ever shorter than before: SQLite makes it so in a VACUUM alone, which nobody runs. */
function watchSize(path: string): { readonly hasShrunk: boolean; look(): void } {
  let bytes = 0n
  let hasShrunk = false
  return {
    get hasShrunk() {
      return hasShrunk
    },
    look() {
      const now = fileAt(path)
      if (now === undefined || now === 'unknown') return
      hasShrunk ||= now.size < bytes
      bytes = now.size
    },
  }
}

function isSame(opened: File, now: File | undefined): boolean {
  if (opened === 'unknown' || now === 'unknown') return true
  return now !== undefined && opened.dev === now.dev && opened.ino === now.ino
}
