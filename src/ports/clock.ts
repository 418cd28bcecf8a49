/** Time, read at the edges only. */
export type Clock = {
  /** Wall-clock milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
  /** Milliseconds of a clock that never jumps; only differences mean anything. It may stand still while the machine sleeps. */
  monotonic(): number
  /** Where the system tells its boots apart. */
  boot?(): Boot | undefined
}

/** A boot of the machine, and the milliseconds since then, in which the machine may have slept. */
export type Boot = { readonly id: string; readonly sinceMs: number }

/** A moment when the wall clock was believed. */
export type ClockMark = {
  readonly wallMs: number
  readonly boot: Boot
  /** What the wall clock said when it was not believed any more, where that came after. */
  readonly refusedFromMs?: number
}

/** Where one mark is kept for the processes that come after. Others may write there, too; a mark is read whole or not at all. */
export type ClockMarks = {
  /** The mark that was there when this was opened. */
  readonly last: ClockMark | undefined
  /** The mark that is there now. @throws where what is there can't be read, or is none. */
  read(): Promise<ClockMark | undefined>
  write(mark: ClockMark): Promise<void>
}
