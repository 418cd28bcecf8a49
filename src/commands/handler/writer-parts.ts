import type { Keeping } from '#commands/handler/books/ledger-memory.ts'
import type { ClockAlarm } from '#commands/handler/clock-alarm.ts'
import type { FailureLines } from '#commands/handler/failure-lines.ts'
import type { Slices } from '#commands/handler/slices.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { Logger } from '#ports/logger.ts'
import type { Pace } from '#ports/pace.ts'

/** What every ledger's writer shares. */
export type WriterParts = {
  readonly store: EventStore
  readonly clock: ClockAlarm
  readonly pace: Pace
  /** For what may take long between two rounds. */
  readonly slices: Slices
  readonly logger: Logger
  readonly failures: FailureLines
  /** This process's random id, part of every event it writes. */
  readonly writer: string
  /** Where there is none, every start folds whole logs, and all of them stays in memory. */
  readonly keeping?: Keeping | undefined
}
