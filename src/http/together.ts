import type { ServerResponse } from 'node:http'

/** So many do not wait for the turn's end: the first of them has waited for some 2 ms by then. */
const togetherMax = 64

/** A longer text is sent at once: to wait, it would only take up memory. */
const lengthMax = 16 * 1024

type Ending = { readonly response: ServerResponse; readonly text: string }

/**
 * Sends the answers that are made in one turn of the event loop together when it ends. To make an answer, and to hand one
 * to the system, are long ways through different code: measured, to go them in turn for each costs a third more than to
 * make all and then send all, and wakes a client on the same machine for each.
 */
export class AnswersTogether {
  #waiting: Ending[] = []

  /** Ends the response, whose head was written, with this text. */
  end(response: ServerResponse, text: string): void {
    if (text.length > lengthMax) return void response.end(text)
    this.#waiting.push({ response, text })
    if (this.#waiting.length === 1) setImmediate(() => this.#send())
    if (this.#waiting.length === togetherMax) this.#send()
  }

  #send(): void {
    const ready = this.#waiting
    this.#waiting = []
    for (const { response, text } of ready) response.end(text)
  }
}
