/** The feed's bounds, each a maximum; tests make them small. */
export type FeedLimits = {
  /** Events handed over at once. */
  readonly batchEvents: number
  /** Bytes fetched at once, of all partitions and of one. */
  readonly fetchBytes: number
  readonly partitionBytes: number
  /** How long the broker may keep a fetch open when there is nothing new. */
  readonly fetchWaitMs: number
  /** A worker that isn't heard of for so long loses its partitions. */
  readonly sessionTimeoutMs: number
  readonly heartbeatMs: number
  /** How long a rebalance waits for a worker that is busy with a batch. */
  readonly rebalanceTimeoutMs: number
  /** Without a sign of the broker for so long, while no batch is in hand, the run fails. */
  readonly silenceMs: number
  readonly connectTimeoutMs: number
  /** For leaving the group and closing. */
  readonly closeTimeoutMs: number
}

export const feedLimits: FeedLimits = {
  batchEvents: 1_000,
  fetchBytes: 4 * 1024 * 1024,
  partitionBytes: 1024 * 1024,
  fetchWaitMs: 250,
  sessionTimeoutMs: 10_000,
  heartbeatMs: 3_000,
  rebalanceTimeoutMs: 20_000,
  silenceMs: 60_000,
  connectTimeoutMs: 30_000,
  closeTimeoutMs: 5_000,
}
