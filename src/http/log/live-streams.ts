import type { ServerResponse } from 'node:http'
import { CatchUp } from '#http/log/catch-up.ts'
import { passes } from '#http/log/event-filter.ts'
import type { EventsAsked } from '#http/log/event-pages.ts'
import { openTail, type Tail } from '#http/log/tail.ts'
import { drained, pacedWrite } from '#http/paced-write.ts'
import type { Parts } from '#http/parts.ts'
import { refused, retryAfter } from '#http/problems.ts'
import { Turns } from '#http/waiting.ts'
import { EventLogDamaged, type StoredEvent } from '#ports/event-store.ts'

/** Readers of the live log, all served by one tail. */
export type LiveStreams = {
  /** @throws {RequestRefused} `overloaded` where as many are open as may be. */
  requireRoom(): void
  /** Sends history and then what is appended, until the client leaves or is too slow. The headers are out already. */
  serve(response: ServerResponse, asked: LiveEventsAsked): Promise<void>
  /** Ends every stream; their clients may resume elsewhere. */
  end(): void
}

/** `head` is a revision that is stored; `after` may lie beyond it, even beyond the end of the log. */
export type LiveEventsAsked = Omit<EventsAsked, 'limit'> & { readonly head: bigint }

export function openLiveStreams(parts: Parts): LiveStreams {
  const tail = openTail(parts.store, parts.logger)
  const turns = new Turns()
  const open = new Set<ServerResponse>()

  return {
    requireRoom() {
      if (open.size < parts.limits.streamsMax) return
      const detail = `${open.size} live streams are open already`
      throw refused('overloaded', detail, { headers: retryAfter(5) })
    },

    async serve(response, asked) {
      if (response.destroyed) return
      open.add(response)
      response.once('close', () => open.delete(response))
      await new LiveReader(parts, response, { ...asked, tail, turns }).run()
    },

    end() {
      for (const response of open) response.end()
    },
  }
}

class LiveReader {
  readonly #parts: Parts
  readonly #response: ServerResponse
  readonly #asked: LiveEventsAsked
  readonly #tail: Tail
  readonly #turns: Turns
  #leave = noTail
  /** The last revision that was sent or passed over: never one that is yet to come, for the tail reads on from it. */
  #upTo: bigint

  constructor(
    parts: Parts,
    response: ServerResponse,
    { tail, turns, ...asked }: LiveEventsAsked & { readonly tail: Tail; readonly turns: Turns },
  ) {
    this.#parts = parts
    this.#tail = tail
    this.#turns = turns
    this.#response = response
    this.#asked = asked
    this.#upTo = asked.after < asked.head ? asked.after : asked.head
  }

  async run(): Promise<void> {
    const { streamCommentIntervalMs } = this.#parts.limits
    const comment = () => this.#isOpen() && this.#response.write(': still here\n\n')
    const comments = setInterval(comment, streamCommentIntervalMs)
    this.#response.once('close', () => clearInterval(comments))
    this.#response.once('close', () => this.#leave())
    this.#response.write(': daybook\n\n')
    await this.#follow()
  }

  /** What comes before a damaged event is sent; the stream ends there. */
  async #follow(): Promise<void> {
    try {
      await this.#join()
    } catch (error) {
      if (!(error instanceof EventLogDamaged)) throw error
      this.#response.end()
    }
  }

  /** Catches up and joins the tail. */
  async #join(): Promise<void> {
    const stream = this.#parts.streamOf(this.#asked.ledgerId)
    for (let joined = false; !joined && this.#isOpen(); ) {
      await this.#catchUp()
      if (!this.#isOpen()) return
      const leave = this.#tail.join(stream, this.#upTo, (events) => this.#take(events))
      joined = leave !== undefined
      this.#leave = leave ?? noTail
    }
  }

  /**
   * Sends what is stored, at the client's pace, until there is no more. However many catch up, after a full page all wait for
   * their turn: others are answered between two. Who has come to the end waits no more, or a busy log would stay ahead of it.
   */
  async #catchUp(): Promise<void> {
    const pages = new CatchUp(this.#parts, () => this.#turns.next())
    while (this.#isOpen()) {
      const { events, upTo } = await pages.next({ ...this.#asked, after: this.#upTo })
      for (const event of events) {
        if (event.revision <= this.#asked.after) continue
        await pacedWrite(this.#response, eventText(event), this.#parts.limits.streamStallMs)
        if (!this.#isOpen()) return
      }
      if (upTo === this.#upTo) return
      this.#upTo = upTo
    }
  }

  /** Sends what was appended, at once, as long as no more waits for the client than may. */
  #take(events: readonly StoredEvent[]): void {
    const { streamBufferBytesMax } = this.#parts.limits
    try {
      for (const event of events) {
        if (event.revision <= this.#upTo) continue
        if (event.revision > this.#asked.after && passes(this.#asked.filter, event))
          this.#response.write(eventText(event))
        this.#upTo = event.revision
        if (this.#response.writableLength > streamBufferBytesMax) return void this.#fallBehind()
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  /** A burst may be too much for the moment; a client that does not take it soon is cut off. */
  async #fallBehind(): Promise<void> {
    this.#leave()
    try {
      await drained(this.#response, this.#parts.limits.streamBufferFullMs)
      await this.#follow()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    const { ledgerId } = this.#asked
    this.#parts.logger.error({ ledgerId, error }, 'a live stream broke off')
    this.#response.destroy()
  }

  #isOpen(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded
  }
}

function noTail(): void {}

function eventText({ revision, type, json }: StoredEvent): string {
  return `id: ${revision}\nevent: ${type}\ndata: ${json}\n\n`
}
