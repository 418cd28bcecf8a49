/** The relay's bounds and paces; tests make them small. */
export type RelayLimits = {
  /** Events read at once; at most two such pages are in memory. */
  readonly pageEvents: number
  /** A standby takes over where work has waited for so long without a sign of life, which comes twice as often. */
  readonly leaseMs: number
  /** How often progress is stored, where there is any. A crash publishes at most so much twice. */
  readonly checkpointIntervalMs: number
  /** How often a standby looks. */
  readonly standbyPollMs: number
  /** Once told to stop, so long for what is being sent, and again as long for tries to note down the end of the turn. */
  readonly handOverMs: number
  /** The wait at the log's end: short while events keep coming, twice as long each time there are none. */
  readonly waitFirstMs: number
  readonly waitMaxMs: number
  /** After a failure of the event store: half to all of a delay that doubles up to its cap. */
  readonly retryFirstMs: number
  readonly retryMaxMs: number
}

export const relayLimits: RelayLimits = {
  pageEvents: 4_000,
  leaseMs: 5_000,
  checkpointIntervalMs: 1_000,
  standbyPollMs: 500,
  handOverMs: 2_000,
  waitFirstMs: 5,
  waitMaxMs: 50,
  retryFirstMs: 50,
  retryMaxMs: 5_000,
}
