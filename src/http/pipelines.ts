import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Requests that wait on one connection for the answer to the one before them. */
const pipelinedMax = 32

type Pipeline = { last: ServerResponse; waiting: number }

/**
 * The requests of each connection one after the other (RFC 9112 §9.3.2): Node hands over all that has come in at once,
 * and makes their answers wait in memory for a client that may never take one.
 */
export class Pipelines {
  readonly #pipelines = new WeakMap<Duplex, Pipeline>()

  /** The response to the last request of a connection, if it has had one. */
  last(socket: Duplex): ServerResponse | undefined {
    return this.#pipelines.get(socket)?.last
  }

  /** Handles a request once the client has taken the answers to those before it. Who sends too many is cut off. */
  inTurn(socket: Duplex, response: ServerResponse, handle: () => void): void {
    const pipeline = this.#pipelines.get(socket)
    if (pipeline === undefined) {
      this.#pipelines.set(socket, { last: response, waiting: 0 })
      return handle()
    }
    const before = pipeline.last
    pipeline.last = response
    if (before.closed) return handle()
    if (pipeline.waiting === pipelinedMax) return void socket.destroy()
    pipeline.waiting += 1
    before.once('close', () => {
      pipeline.waiting -= 1
      if (!socket.destroyed) handle()
    })
  }
}
