import { ClockGuard, type ClockStanding, type Reading } from '#commands/handler/clock-guard.ts'
import type { FailureLines } from '#commands/handler/failure-lines.ts'
import type { Clock, ClockMark } from '#ports/clock.ts'
import type { Logger } from '#ports/logger.ts'
import type { LedgerId } from '#values/ids.ts'
import { formatTimestamp, type Timestamp } from '#values/timestamps.ts'

type ClockAlarmParts = {
  readonly clock: Clock
  readonly logger: Logger
  readonly failures: FailureLines
  /** What an earlier process left. */
  readonly mark?: ClockMark | undefined
}

/** Tells the operator that a clock keeps commands from being taken, for as long as it does, and that it is over. */
export class ClockAlarm {
  readonly #parts: ClockAlarmParts
  readonly #guard: ClockGuard
  #isTold = false

  constructor(parts: ClockAlarmParts) {
    this.#parts = parts
    this.#guard = new ClockGuard(parts.clock, parts.mark)
  }

  /** The time for an event of a ledger that follows one recorded at `last` ('' for none): never before it. */
  read(ledgerId: LedgerId, last: Timestamp): Reading {
    const reading = this.#guard.read(last)
    if ('distrust' in reading) this.#tell(reading.distrust, { ledgerId })
    else if (this.#isTold) this.isBelieved()
    return reading
  }

  /** Whether nothing is refused for the clock, as far as is known; tells where it is so again. */
  isBelieved(): boolean {
    const isBelieved = this.#guard.isBelieved()
    if (isBelieved && this.#isTold) {
      this.#isTold = false
      this.#parts.logger.warn(
        { clock: this.#says },
        'commands are taken: the clock is believed again',
      )
    }
    return isBelieved
  }

  /** What a later process has to know; tells of a clock that ran ahead before anybody asks for its time. */
  stand(): ClockStanding | undefined {
    const standing = this.#guard.stand()
    if (standing !== undefined && 'distrust' in standing) this.#tell(standing.distrust)
    else if (this.#isTold) this.isBelieved()
    return standing
  }

  /** An operator says that the clock is right. */
  confirm(): void {
    this.#guard.confirm()
    this.isBelieved()
  }

  #tell(detail: string, where: { readonly ledgerId?: LedgerId } = {}): void {
    this.#isTold = true
    this.#parts.failures.tell({
      level: 'error',
      error: 'clock-jumped',
      context: { detail, clock: this.#says, ...where },
      message:
        'commands are refused: the clock is not believed; put it right, or confirm it with SIGUSR2 where it is right',
    })
  }

  get #says(): string {
    const nowMs = this.#parts.clock.now()
    return formatTimestamp(nowMs) ?? `${nowMs} ms`
  }
}
