import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openEventStoreDb } from '#adapters/eventstoredb/event-store.ts'
import type { EventStore } from '#ports/event-store.ts'
import { impatient } from '#test/adapters/eventstoredb/stores.ts'
import { anEvent, aStream } from '#test/contracts/event-store.ts'
import { startEventStoreDouble } from '#test/support/eventstoredb/start.ts'
import { startProxy, type TcpProxy } from '#test/support/proxy.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

const events = 20
const json = JSON.stringify('x'.repeat(1_000))

/** What the double must not do where its library takes the end of a connection for the end of what was said. */
describe('an append whose connection breaks before all of it was sent', () => {
  const opened = new AsyncDisposableStack()
  let proxy: TcpProxy
  let store: EventStore

  beforeAll(async () => {
    const double = opened.use(await startEventStoreDouble())
    proxy = opened.use(await startProxy(`127.0.0.1:${double.port}`))
    const url = `esdb://${proxy.address}?tls=false`
    const { logger } = recordingLogger()
    store = opened.use(await openEventStoreDb({ url, logger, limits: impatient }))
  })

  afterAll(() => opened.disposeAsync())

  it.each([2_000, 5_000, 10_000, 15_000])('stores nothing: after %d bytes', async (bytes) => {
    const stream = aStream()
    await store.check()
    proxy.cutAfter(bytes, 'requests')
    const toAppend = Array.from({ length: events }, () => anEvent({ json }))
    await expect(store.append(stream, toAppend, 'no-stream')).rejects.toThrow()
    await proxy.heal()
    await expect
      .poll(() =>
        store.check().then(
          () => true,
          () => false,
        ),
      )
      .toBe(true)
    expect(await store.head(stream)).toBe('no-stream')
  })
})
