import { randomUUID } from 'node:crypto'
import { running } from '#compose/running.ts'
import { intactLog } from '#compose/intact-log.ts'
import { type Log, openPublisher } from '#compose/stores.ts'
import type { Config } from '#config.ts'
import type { Clock } from '#ports/clock.ts'
import type { Logger } from '#ports/logger.ts'
import { relayLag } from '#relay/relay-lag.ts'
import { Relay } from '#relay/relay.ts'
import { relayStreamFor } from '#relay/relay-stream.ts'
import type { JsonObject } from '#values/json.ts'

/** The relay at work, or standing by. */
export type Relaying = AsyncDisposable & {
  readonly failed: AbortSignal
  /** Rejects where the broker does not serve the topic as it was when the relay began. */
  readonly check: () => Promise<void>
  /** The resource `/v1/relay`. */
  readonly status: () => Promise<JsonObject>
}

/** Starts a relay; one of all that run is active. @throws where the broker doesn't serve. */
export async function startRelaying({
  config,
  logger,
  clock,
  store,
}: {
  readonly config: Config
  readonly logger: Logger
  readonly clock: Clock
  readonly store: Log
}): Promise<Relaying> {
  const { feed, namespace } = config
  if (feed.engine !== 'kafka') throw new Error('there is no broker to relay to')
  await using starting = new AsyncDisposableStack()
  const publisher = starting.use(await openPublisher(feed, logger))
  const stream = relayStreamFor(feed.topic, `${namespace}.events`)
  const wait = store.appended && { wait: store.appended }
  const parts = { store: intactLog(store, logger), clock, holder: randomUUID(), stream }
  const relay = new Relay({ ...parts, publisher, logger, ...wait })
  const { failed } = starting.use(running((signal) => relay.run(signal)))
  const started = starting.move()
  return {
    failed,
    check: () => publisher.check(),
    async status() {
      const { state, published } = relay.state
      const lag = await relayLag({ store, stream }, clock.now())
      return { state, topic: feed.topic, ...lag, published }
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}
