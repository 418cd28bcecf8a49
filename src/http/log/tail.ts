import { AmountPerTurn, pause } from '#http/waiting.ts'
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

type Advance = 'new' | 'nothing' | 'failed'

type Followed = { upTo: bigint; readonly readers: Set<TailReader> }

const pauseFirstMs = 10
const pauseMaxMs = 100
const pauseFailedMs = 1_000
const pageSize = 200

/** Events given in one turn to readers, those of all streams counted: then others are answered. */
const givenPerTurn = 1_000

/** A read counts as so many of them, even where it finds nothing. */
const readCountsAs = 20

/** Streams that are read from, or whose events are being given out, at a time. */
const streamsAtOnce = 10

export function openTail(store: Log, logger: Logger): Tail {
  const followed = new Map<string, Followed>()
  const work = new AmountPerTurn(givenPerTurn)
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
      const read = await advanceAll()
      pauseMs = read.includes('new') ? pauseFirstMs : Math.min(2 * pauseMs, pauseMaxMs)
      await pause(read.includes('failed') ? pauseFailedMs : pauseMs)
    }
    running = false
  }

  async function advanceAll(): Promise<readonly Advance[]> {
    const read: Advance[] = []
    const waiting = [...followed].values()
    const advanceNext = async () => {
      for (const [stream, at] of waiting) read.push(await advance(stream, at))
    }
    await Promise.all(Array.from({ length: streamsAtOnce }, advanceNext))
    return read
  }

  async function advance(stream: string, at: Followed): Promise<Advance> {
    try {
      await work.take(readCountsAs)
      const events = await store.readStream(stream, at.upTo + 1n, pageSize)
      const last = events.at(-1)
      if (last === undefined) return 'nothing'
      at.upTo = last.revision
      await give(events, at.readers, work)
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
  work: AmountPerTurn,
): Promise<void> {
  for (const reader of readers) {
    await work.take(events.length)
    reader(events)
  }
}
