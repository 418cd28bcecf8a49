import { canonicalParts, type RecordedEvent, sealedJson } from '#events/envelope.ts'
import { currentVersions } from '#events/ledger-event.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { type App, createApp } from '#http/app.ts'
import { listen } from '#http/listen.ts'
import type { AppParts } from '#http/parts.ts'
import { queries } from '#queries/all-queries.ts'
import { project } from '#test/queries/asking.ts'
import { FakeCommandBus } from '#test/support/http-command-bus.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

/** The HTTP layer on a real port, over a log and read models in memory and a bus that says what a test tells it to. */
export type Harness = Awaited<ReturnType<typeof openHarness>>

const clock = { now: () => Date.now(), monotonic: () => performance.now() }

export async function openHarness(
  given: Partial<AppParts> = {},
  serverLimits: Parameters<typeof listen>[2] = {},
) {
  const [store, models, bus] = [
    new MemoryEventStore(),
    openMemoryReadModels(),
    new FakeCommandBus(),
  ]
  const { logger, lines } = recordingLogger()
  const app: App = createApp({
    commandBus: bus,
    readModels: models,
    queries,
    store,
    streamOf: ledgerStream,
    eventTypes: Object.keys(currentVersions),
    projectionStatuses: async () => [{ name: 'accounts', status: 'live' }],
    healthChecks: { log: () => store.check() },
    cursorSecret: 'a secret of this test',
    clock,
    logger,
    ...given,
  })
  const server = await listen(app, { host: '127.0.0.1', port: 0 }, serverLimits)
  return {
    url: server.url,
    port: server.port,
    stop: () => server.stop(),
    store,
    models,
    bus,
    lines,
    append: (events: readonly RecordedEvent[]) => append(store, events),
    project: (events: readonly RecordedEvent[]) => project(models, events),
    request: (path: string, init: RequestInit = {}) => fetch(`${server.url}${path}`, init),
    post: (path: string, body: unknown, headers: Record<string, string> = {}) =>
      fetch(`${server.url}${path}`, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: { 'content-type': 'application/json', 'idempotency-key': 'k-1', ...headers },
      }),
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

/** Puts a ledger's next events into the log. */
async function append(store: MemoryEventStore, events: readonly RecordedEvent[]): Promise<void> {
  for (const event of events) {
    const stream = ledgerStream(event.ledgerId)
    const json = sealedJson(canonicalParts(event), event.id)
    const expected = event.revision === 0n ? 'no-stream' : event.revision - 1n
    await store.append(stream, [{ id: event.id, type: event.type, json }], expected)
  }
}

/** A JSON answer with what a test usually looks at. */
export async function read(response: Response | Promise<Response>) {
  const { status, headers, ...rest } = await response
  void rest
  const text = await (await response).text()
  const body: Record<string, unknown> = text === '' ? {} : JSON.parse(text)
  return { status, headers, body, text }
}

/** Status and code of a problem, as one line. */
export async function problemOf(response: Response | Promise<Response>): Promise<string> {
  const { status, body } = await read(response)
  return `${status} ${String(body['code'])}`
}
