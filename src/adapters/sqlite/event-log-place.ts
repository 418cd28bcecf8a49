import { type BigIntStats, statSync } from 'node:fs'

const lookEveryMs = 1_000

/** Whether a path still names the file that was opened there. */
export type PlaceWatch = Disposable & {
  /** Looks at once. @throws what `lost` is told. */
  look(): void
}

/**
 * Looks each second whether the path names the file that it names now: what is written to a file without a name is gone
 * when the process ends. Only the path is looked up, since opening the file and closing it would cancel SQLite's locks.
 * `lost` is told once.
 */
export function watchPlace(path: string, lost: (reason: Error) => void): PlaceWatch {
  const opened = fileAt(path)
  let reason: Error | undefined
  const compare = () => {
    if (reason !== undefined || isSame(opened, fileAt(path))) return reason
    reason = new Error(`${path} is not the file any more that was opened: it was moved or deleted`)
    lost(reason)
    return reason
  }
  const timer = setInterval(compare, lookEveryMs).unref()
  return {
    look() {
      const found = compare()
      if (found !== undefined) throw found
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

/** What can't be looked up for another reason than that there is nothing counts as before. */
function fileAt(path: string): BigIntStats | 'unknown' | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false })
  } catch {
    return 'unknown'
  }
}

function isSame(opened: ReturnType<typeof fileAt>, now: ReturnType<typeof fileAt>): boolean {
  if (opened === 'unknown' || now === 'unknown') return true
  return now !== undefined && opened?.dev === now.dev && opened.ino === now.ino
}
