import type { ClockAlarm } from '#commands/handler/clock-alarm.ts'
import type { ClockStanding } from '#commands/handler/clock-guard.ts'
import type { ClockMark, ClockMarks } from '#ports/clock.ts'
import type { Logger } from '#ports/logger.ts'
import type { Pace } from '#ports/pace.ts'

const everyMs = 60_000

type ClockMarkingParts = {
  readonly clock: Pick<ClockAlarm, 'stand'>
  readonly marks: ClockMarks
  readonly logger: Logger
  readonly pace: Pick<Pace, 'every'>
}

/**
 * Keeps how the clock stands for later processes (decision 0029): at once, every minute, and at the end. Nothing waits for
 * that but the end, and nothing fails by it.
 */
export class ClockMarking implements AsyncDisposable {
  readonly #parts: ClockMarkingParts
  readonly #stop: () => void
  #last: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined
  #isFailing = false

  constructor(parts: ClockMarkingParts) {
    this.#parts = parts
    this.#stop = parts.pace.every(everyMs, () => void this.keep())
    void this.keep()
  }

  /** Resolves once it is kept how the clock stands from now on, or that has failed, which is logged once. */
  keep(): Promise<void> {
    this.#next ??= this.#last.then(() => {
      this.#next = undefined
      return this.#keep()
    })
    this.#last = this.#next
    return this.#next
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop()
    await this.keep()
  }

  async #keep(): Promise<void> {
    const { clock, marks, logger } = this.#parts
    const standing = clock.stand()
    if (standing === undefined) return
    try {
      const mark = await markOf(standing, marks)
      if (mark !== undefined) await marks.write(mark)
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing)
        logger.warn({ err: error }, 'the clock is not marked: a restart may believe a wrong one')
      this.#isFailing = true
    }
  }
}

/**
 * A distrust is added to the mark that is there, unless somebody believed the clock afterwards. Where there is none, somebody
 * has removed it.
 */
async function markOf(standing: ClockStanding, marks: ClockMarks): Promise<ClockMark | undefined> {
  if ('believed' in standing) return standing.believed
  const { refusedFromMs } = standing
  const mark = await marks.read()
  const isToBeAdded =
    mark !== undefined && mark.refusedFromMs === undefined && mark.wallMs < refusedFromMs
  return isToBeAdded ? { ...mark, refusedFromMs } : undefined
}
