/** The adapter's bounds, each a maximum; tests make some small. */
export type MongoLimits = {
  /** Connections of one opening at once; what comes beyond them waits. */
  readonly connectionsMax: number
  /** Time to open a connection. */
  readonly connectMaxMs: number
  /** Time to find a server that takes the operation: a failover has to fit in. */
  readonly serverSelectionMaxMs: number
  /** Time to wait for a connection of those that are open. */
  readonly connectionWaitMaxMs: number
  /** Time for one operation, all of the above and its retries included. */
  readonly operationMaxMs: number
  /** Documents ahead of a view that a find looks at before it gives the view up. */
  readonly aheadMax: number
}

export const mongoLimits: MongoLimits = {
  connectionsMax: 50,
  connectMaxMs: 5_000,
  serverSelectionMaxMs: 5_000,
  connectionWaitMaxMs: 5_000,
  operationMaxMs: 15_000,
  aheadMax: 10_000,
}
