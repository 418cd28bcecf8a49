import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http'
import type { App } from '#http/app.ts'
import { answerBrokenRequest } from '#http/broken-requests.ts'
import { type ApiServer, createServer, messageClasses, stopListening } from '#http/node-http.ts'
import { Pipelines } from '#http/pipelines.ts'
import { pause } from '#http/waiting.ts'

/** What a connection may take of time and memory. Node's own defaults let a slow client hold one for minutes. */
export const serverLimits = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 30_000,
  maxHeaderSize: 16 * 1024,
} satisfies ServerOptions

const requestsPerSocketMax = 100_000
const headersCountMax = 100
const connectionsMax = 10_000

/** Connections that the system holds for us while we are busy; it may have a smaller limit of its own. */
const backlogMax = 4_096

/** A connection on which nothing moves for so long is closed, also one that does not take its answer. */
const silenceMs = 120_000

/** How long a stop leaves idle connections open: who sends one more request is answered, and told that it was the last. */
const partingMs = 250

/** How long a stop waits for requests under way before it cuts them off. */
const stopMs = 10_000
const stopCheckMs = 20

export type Address = { readonly host: string; readonly port: number }

/** A server that accepts requests. Disposing of it stops it as `stop` does. */
export type Listening = AsyncDisposable & {
  readonly url: string
  readonly port: number
  /** Accepts no more, ends live streams, finishes what was accepted, closes idle connections; cuts off what takes too long. */
  stop(): Promise<void>
}

/** Serves the app. Port 0 takes a free one. Rejects where the address cannot be had. */
export async function listen(
  app: App,
  { host, port }: Address,
  limits: Partial<typeof serverLimits> & { readonly stopMs?: number } = {},
): Promise<Listening> {
  const pipelines = new Pipelines()
  // A request without Host, or that expects something, is the app's: Node refuses it without a word.
  const options = { ...messageClasses, requireHostHeader: false, ...serverLimits, ...limits }
  const take = (request: IncomingMessage, response: ServerResponse) => {
    pipelines.inTurn(request.socket, response, () => {
      if (!server.listening) response.setHeader('connection', 'close')
      app.handle(request, response)
    })
  }
  const server = createServer(options, take)
  server.on('checkExpectation', take)
  server.maxRequestsPerSocket = requestsPerSocketMax
  server.maxHeadersCount = headersCountMax
  server.maxConnections = connectionsMax
  server.timeout = silenceMs
  server.on('clientError', (error, socket) =>
    answerBrokenRequest(error, socket, pipelines.last(socket)),
  )
  const bound = await bind(server, { host, port })
  const stop = stopper(server, app, limits.stopMs ?? stopMs)
  const name = host.includes(':') ? `[${host}]` : host
  return { url: `http://${name}:${bound}`, port: bound, stop, [Symbol.asyncDispose]: stop }
}

function bind(server: ApiServer, { host, port }: Address): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: backlogMax }, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

function stopper(server: ApiServer, app: App, limitMs: number): () => Promise<void> {
  let stopped: Promise<void> | undefined
  const stop = async () => {
    const closed = new Promise<'closed'>((resolve) => {
      stopListening(server, () => resolve('closed'))
    })
    app.endStreams()
    for (let waitedMs = 0; waitedMs < limitMs; waitedMs += stopCheckMs) {
      if (waitedMs >= partingMs) server.closeIdleConnections()
      if ((await Promise.race([closed, pause(stopCheckMs)])) === 'closed') return
    }
    app.logger.warn({}, 'requests under way were cut off: they took too long to stop')
    server.closeAllConnections()
    await closed
  }
  return () => (stopped ??= stop())
}
