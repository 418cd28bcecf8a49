/** The projector's bounds, each a maximum; tests make them small. */
export type ProjectorLimits = {
  /** Documents in one commit, but for a single event that changes more. */
  readonly commitDocuments: number
  /** Events of one ledger folded before their changes are committed. */
  readonly runEvents: number
  /** Events read from the log at once to close a gap. */
  readonly gapPageEvents: number
  /** Ledgers whose checkpoints are remembered. */
  readonly rememberedLedgers: number
  /** Reads of the read models under way at once. */
  readonly concurrentReads: number
  /** Times the log is asked for an event it should hold before its ledger is parked. */
  readonly missingEventTries: number
  readonly retryDelayFirstMs: number
  readonly retryDelayMaxMs: number
}

export const projectorLimits: ProjectorLimits = {
  commitDocuments: 5_000,
  runEvents: 1_000,
  gapPageEvents: 500,
  rememberedLedgers: 20_000,
  concurrentReads: 64,
  missingEventTries: 4,
  retryDelayFirstMs: 20,
  retryDelayMaxMs: 10_000,
}
