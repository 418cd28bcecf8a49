import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Requests that wait on one connection for the answer to the one before them. */
const pipelinedMax = 32

/** The same on all connections together: each keeps its headers, and perhaps the beginning of its body. */
const pipelinedInAllMax = 4_096

type Pipeline = { last: ServerResponse; waiting: number }

/**
 * The requests of each connection one after the other (RFC 9112 §9.3.2): Node hands over all that has come in at once,
 * and makes their answers wait in memory for a client that may never take one.
 */
export class Pipelines {
  readonly #pipelines = new WeakMap<Duplex, Pipeline>()
  #waiting = 0

  /** The response to the last request of a connection, if it has had one. */
  last(socket: Duplex): ServerResponse | undefined {
    return this.#pipelines.get(socket)?.last
  }

  /** Handles a request once the client has taken the answers to those before it. Who sends too many is cut off. */
  inTurn(socket: Duplex, response: ServerResponse, handle: () => void): void {
    const pipeline = this.#pipelines.get(socket)
    if (pipeline === undefined) {
      this.#open(socket, response)
      return handle()
    }
    const before = pipeline.last
    pipeline.last = response
    if (before.closed) return handle()
    if (socket.destroyed || this.#isFull(pipeline)) return void socket.destroy()
    this.#wait(pipeline, 1)
    before.once('close', () => {
      if (socket.destroyed) return
      this.#wait(pipeline, -1)
      handle()
    })
  }

  /** What waits when a connection closes is never handled: of the responses to it, Node closes the first alone. */
  #open(socket: Duplex, response: ServerResponse): void {
    const pipeline = { last: response, waiting: 0 }
    this.#pipelines.set(socket, pipeline)
    socket.once('close', () => this.#wait(pipeline, -pipeline.waiting))
  }

  #isFull({ waiting }: Pipeline): boolean {
    return waiting === pipelinedMax || this.#waiting === pipelinedInAllMax
  }

  #wait(pipeline: Pipeline, count: number): void {
    pipeline.waiting += count
    this.#waiting += count
  }
}
