import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import express, { type Request, type Response } from 'express'
import { randomId } from '#commands/handler/random-id.ts'

/**
 * Node's HTTP server. An import of `node:http` asks for every export, and so also loads the client behind `fetch`, which
 * the program has no use for: that is a tenth of the time that it takes to start.
 */
const http = process.getBuiltinModule('node:http')
export const { createServer, STATUS_CODES } = http

/**
 * Requests and responses that are Express's own from the start. An Express application would give each another prototype,
 * which costs as much as finding its route.
 */
class ApiRequest extends http.IncomingMessage {}

class ApiResponse extends http.ServerResponse {
  readonly requestId = randomId()
}

Object.setPrototypeOf(ApiRequest.prototype, express.request)
Object.setPrototypeOf(ApiResponse.prototype, express.response)

/** What a server has to make its requests and responses of. */
export const messageClasses = { IncomingMessage: ApiRequest, ServerResponse: ApiResponse }

export type ApiServer = Server<typeof ApiRequest, typeof ApiResponse>

/**
 * Takes no more connections; `done` is told when the last one has ended. Node's own `close` would also end those at once on
 * which nothing is under way, and so whatever is on its way in on them.
 */
export function stopListening(server: ApiServer, done: () => void): void {
  process.getBuiltinModule('node:net').Server.prototype.close.call(server, done)
}

/** A request and its response as a server made them. */
export type Messages<In = IncomingMessage, Out = ServerResponse> = {
  readonly request: In
  readonly response: Out
}

/** Whether they are of `messageClasses`. */
export function areExpress(messages: Messages): messages is Messages<Request, Response> {
  const { request, response } = messages
  return request instanceof ApiRequest && response instanceof ApiResponse
}

/** The id that we give every request: it stands in the answer, in problems and in log lines. */
export function requestIdOf(response: ServerResponse): string {
  return response instanceof ApiResponse ? response.requestId : ''
}
