/** How long the adapter waits for a server, and how much it does at once. */
export type EventStoreDbLimits = {
  /** Until an append's outcome counts as unknown. The server's own time-outs add up to 5 s: not under 6 s in production. */
  readonly appendDeadlineMs: number
  readonly appendsAtOnceMax: number
  readonly appendsWaitingMax: number
  /** For a page of one stream, its head, and the check. */
  readonly readDeadlineMs: number
  /** For a page of all streams: the server may have to pass many events that are not ours. */
  readonly readAllDeadlineMs: number
  /** A page ends with the event that brings it to this size. */
  readonly pageBytesMax: number
  readonly pageEventsMax: number
  /** Between two attempts to be told of new events; doubled up to the second. */
  readonly resubscribeMinMs: number
  readonly resubscribeMaxMs: number
}

export const defaultLimits: EventStoreDbLimits = {
  appendDeadlineMs: 10_000,
  appendsAtOnceMax: 50,
  appendsWaitingMax: 1_000,
  readDeadlineMs: 10_000,
  readAllDeadlineMs: 60_000,
  pageBytesMax: 4 * 1024 * 1024,
  pageEventsMax: 4_096,
  resubscribeMinMs: 100,
  resubscribeMaxMs: 5_000,
}
