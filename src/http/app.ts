import type { IncomingMessage, ServerResponse } from 'node:http'
import { type RequestHandler, Router } from 'express'
import { openExchange } from '#http/exchange.ts'
import { requireHttp } from '#http/headers.ts'
import { openLiveStreams } from '#http/log/live-streams.ts'
import { conclude, otherMethods } from '#http/middleware/conclude.ts'
import { Outages } from '#http/middleware/outages.ts'
import { areExpress, requestIdOf } from '#http/node-http.ts'
import { type AppParts, defaultLimits, type HealthAppParts, partsOf } from '#http/parts.ts'
import type { Act } from '#http/routes/commands.ts'
import { healthRoutes, type Method, type Route, routesOf } from '#http/routes/routes.ts'
import type { Logger } from '#ports/logger.ts'

/** The whole API as one request listener. */
export type App = {
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void
  /** Ends the live streams, which would otherwise never end. */
  readonly endStreams: () => void
  readonly logger: Logger
}

export function createApp(given: AppParts): App {
  const parts = partsOf(given)
  const streams = openLiveStreams(parts)
  const handle = handlerFor(routesOf(parts, streams), parts.logger)
  return { handle, endStreams: () => streams.end(), logger: parts.logger }
}

/** Health and status alone: what a process without an API serves. */
export function createHealthApp(given: HealthAppParts): App {
  const parts = { ...given, limits: { ...defaultLimits, ...given.limits } }
  const handle = handlerFor(healthRoutes(parts), parts.logger)
  return { handle, endStreams: () => {}, logger: parts.logger }
}

function handlerFor(all: readonly Route[], logger: Logger): App['handle'] {
  const outages = new Outages(logger)
  const router = Router({ strict: true, caseSensitive: true })
  for (const [path, routes] of Map.groupBy(all, (route) => route.path))
    addRoutes(router, path, routes)
  return (request, response) => {
    const messages = { request, response }
    if (!areExpress(messages)) throw new TypeError('the server makes other messages')
    request.url = originForm(request.url ?? '/')
    try {
      requireHttp(request)
    } catch (error) {
      messages.request.originalUrl = request.url
      return conclude(messages, logger, error)
    }
    router(messages.request, messages.response, (error) => {
      outages.tell(error)
      conclude(messages, logger, error)
    })
  }
}

/** Clients of proxies send whole URLs (RFC 9112 §3.2). Express answers what it can't read as one by itself, in HTML. */
function originForm(target: string): string {
  if (target.startsWith('/')) return target
  const url = URL.parse(target)
  return url === null ? '/' : url.pathname + url.search
}

function addRoutes(router: Router, path: string, routes: readonly Route[]): void {
  const at = router.route(path)
  for (const { method, act } of routes) at[verbs[method]](handlerOf(act))
  at.all(otherMethods(routes.map(({ method }) => method)))
}

const verbs = { GET: 'get', POST: 'post', PATCH: 'patch' } as const satisfies Record<Method, string>

/** Express hands a rejection on to the last handler. */
function handlerOf(act: Act): RequestHandler {
  return (request, response) => act(openExchange(request, response, requestIdOf(response)))
}
