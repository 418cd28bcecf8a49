import { type IncomingMessage, request as httpRequest } from 'node:http'
import type { Headers } from '#test/support/http-client.ts'

/** One message of a live stream. */
export type LiveEvent = { readonly id: string; readonly type: string; readonly data: unknown }

/** A live log that is being read. */
export type LiveLog = Disposable & {
  readonly headers: IncomingMessage['headers']
  /** Everything received so far. */
  readonly events: readonly LiveEvent[]
  readonly comments: readonly string[]
  /** Resolves once there are at least so many events; rejects when it takes long or the stream ends. */
  until(count: number): Promise<readonly LiveEvent[]>
  /** Resolves when the server has ended it, or cut it off. */
  readonly ended: Promise<void>
  /** Takes nothing from the connection any more; what is on its way stays there. */
  pause(): void
  resume(): void
}

const waitMsMax = 10_000

/** Opens the live log at a URL. Rejects where it is answered by anything but a stream. */
export async function openLiveLog(url: string, headers: Headers = {}): Promise<LiveLog> {
  const request = httpRequest(url, {
    agent: false,
    headers: { accept: 'text/event-stream', ...headers },
  })
  request.end()
  const response = await responseTo(request)
  if (
    response.statusCode !== 200 ||
    !response.headers['content-type']?.startsWith('text/event-stream')
  )
    throw new Error(`no live log: ${response.statusCode} ${response.headers['content-type']}`)
  const events: LiveEvent[] = []
  const comments: string[] = []
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const messages = `${text}${chunk}`.split('\n\n')
    text = messages.pop() ?? ''
    for (const message of messages)
      if (message.startsWith(':')) comments.push(message)
      else events.push(readMessage(message))
  })
  response.on('error', () => {})
  const ended = new Promise<void>((resolve) => {
    response.once('close', resolve)
  })
  return {
    headers: response.headers,
    events,
    comments,
    ended,
    async until(count) {
      for (let waitedMs = 0; events.length < count; waitedMs += 5) {
        if (waitedMs > waitMsMax || response.destroyed)
          throw new Error(`${events.length} events came, not ${count}`)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      return events
    },
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    [Symbol.dispose]: () => void request.destroy(),
  }
}

async function responseTo(request: ReturnType<typeof httpRequest>): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request.once('response', resolve)
  request.on('error', reject)
  return promise
}

function readMessage(message: string): LiveEvent {
  const lines = message.split('\n')
  const field = (name: string) => {
    const found = lines.filter((line) => line.startsWith(`${name}: `))
    if (found.length !== 1) throw new Error(`not one ${name} in ${message}`)
    return found[0]?.slice(name.length + 2) ?? ''
  }
  if (lines.length !== 3) throw new Error(`not three lines: ${message}`)
  return { id: field('id'), type: field('event'), data: JSON.parse(field('data')) }
}
