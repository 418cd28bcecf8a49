import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A connection by hand: for requests that no client would send. */
export type RawConnection = AsyncDisposable & {
  readonly socket: Socket
  send(text: string | Buffer): void
  /** Everything received so far. */
  received(): string
  /** Resolves with everything received once it matches. */
  until(pattern: RegExp): Promise<string>
  /** Resolves with everything received once the other side has closed. */
  closed(): Promise<string>
}

export async function connectTo(port: number): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8')
  })
  socket.on('error', () => {})
  const ended = new Promise<void>((resolve) => {
    socket.once('end', resolve)
    socket.once('close', () => resolve())
  })
  return {
    socket,
    send: (more) => void socket.write(more),
    received: () => text,
    async until(pattern) {
      while (!pattern.test(text)) {
        if (socket.destroyed || socket.readableEnded)
          throw new Error(`closed, having said ${JSON.stringify(text)}`)
        await Promise.race([once(socket, 'data'), ended])
      }
      return text
    },
    async closed() {
      await ended
      return text
    },
    async [Symbol.asyncDispose]() {
      socket.destroy()
    },
  }
}

/** One request by hand, answered in full: the connection is asked to close after it. */
export async function exchangeRaw(
  port: number,
  head: readonly string[],
  body = '',
): Promise<string> {
  await using connection = await connectTo(port)
  connection.send([...head, 'Host: daybook', 'Connection: close', '', body].join('\r\n'))
  return await connection.closed()
}
