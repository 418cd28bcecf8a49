import { pause, turn } from '#http/waiting.ts'
import type { Log } from '#http/parts.ts'
import type { Logger } from '#ports/logger.ts'
import type { StoredEvent } from '#ports/event-store.ts'

/** Takes what was appended, in order and without a gap; the first may lie before where it joined. Never throws. */
export type TailReader = (events: readonly StoredEvent[]) => void

/** The ends of all streams that somebody reads live: read once for all, not at all for nobody. */
export type Tail = {
  /**
   * Joins a reader that has seen `upTo` and everything before. Undefined where the tail is already further: read on
   * and try again. Otherwise what it takes to leave.
   */
  join(stream: string, upTo: bigint, reader: TailReader): (() => void) | undefined
}

type Followed = { upTo: bigint; readonly readers: Set<TailReader> }

const pauseFirstMs = 10
const pauseMaxMs = 100
const pauseFailedMs = 1_000
const pageSize = 200

/** Events given to readers in one turn, all readers counted: then others are answered. */
const givenPerTurn = 1_000

export function openTail(store: Log, logger: Logger): Tail {
  const followed = new Map<string, Followed>()
  let running = false

  return {
    join(stream, upTo, reader) {
      const at = followed.get(stream) ?? { upTo, readers: new Set() }
      if (at.upTo > upTo) return undefined
      followed.set(stream, at)
      at.readers.add(reader)
      if (!running) void run()
      return () => {
        at.readers.delete(reader)
        if (at.readers.size === 0 && followed.get(stream) === at) followed.delete(stream)
      }
    },
  }

  async function run(): Promise<void> {
    running = true
    for (let pauseMs = pauseFirstMs; followed.size > 0; ) {
      const read = await Promise.all([...followed].map(([stream, at]) => advance(stream, at)))
      pauseMs = read.includes('new') ? pauseFirstMs : Math.min(2 * pauseMs, pauseMaxMs)
      await pause(read.includes('failed') ? pauseFailedMs : pauseMs)
    }
    running = false
  }

  async function advance(stream: string, at: Followed): Promise<'new' | 'nothing' | 'failed'> {
    try {
      const events = await store.readStream(stream, at.upTo + 1n, pageSize)
      const last = events.at(-1)
      if (last === undefined) return 'nothing'
      at.upTo = last.revision
      await give(events, at.readers)
      return 'new'
    } catch (error) {
      logger.warn({ stream, error }, 'the end of a stream cannot be read now')
      return 'failed'
    }
  }
}

/** Who joins meanwhile has seen these events, and who leaves wants them no more. */
async function give(
  events: readonly StoredEvent[],
  readers: ReadonlySet<TailReader>,
): Promise<void> {
  let given = 0
  for (const reader of readers) {
    if (given + events.length > givenPerTurn) {
      await turn()
      given = 0
    }
    reader(events)
    given += events.length
  }
}
