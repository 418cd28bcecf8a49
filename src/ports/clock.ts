/** Time, read at the edges only. */
export type Clock = {
  /** Wall-clock milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
  /** Milliseconds of a clock that never jumps; only differences mean anything. */
  monotonic(): number
}
