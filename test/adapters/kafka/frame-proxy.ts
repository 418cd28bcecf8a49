import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { freePort } from '#test/support/servers/free-port.ts'

/** Numbers of Kafka's protocol that tests act on. */
export const api = { produce: 0, fetch: 1, heartbeat: 12 } as const

/** `lose`: gone, and the connection with it. `swallow`: gone, the connection stays open and silent about it. */
export type Fate = 'pass' | 'lose' | 'swallow'

/** A proxy that understands so much of Kafka's protocol that it can lose one answer and not another. */
export type FrameProxy = AsyncDisposable & {
  /** `host:port`, to be the broker's advertised listener. */
  readonly address: string
  /** Where it forwards to; set once the broker is up. */
  target: number
  /** What becomes of each answer of the broker's. */
  answers: (apiKey: number) => Fate
  /** May change an answer's bytes in place. */
  tamper: (apiKey: number, frame: Buffer) => void
  /** Ends every connection there is. */
  cut(): void
}

type Frame = { readonly apiKey: number; readonly correlationId: number }

const lengthBytes = 4

export async function openFrameProxy(): Promise<FrameProxy> {
  const port = await freePort()
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const broker = connect(proxy.target, '127.0.0.1')
    const ends = [client, broker]
    for (const end of ends) {
      sockets.add(end)
      end.on('error', () => {})
      end.once('close', () => {
        sockets.delete(end)
        for (const other of ends) other.destroy()
      })
    }
    pump(client, broker, proxy)
  })
  await once(server.listen(port, '127.0.0.1'), 'listening')
  const proxy: FrameProxy = {
    address: `127.0.0.1:${port}`,
    target: 0,
    answers: () => 'pass',
    tamper: () => {},
    cut() {
      for (const socket of sockets) socket.destroy()
    },
    async [Symbol.asyncDispose]() {
      proxy.cut()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}

function pump(client: Socket, broker: Socket, proxy: FrameProxy): void {
  const asked = new Map<number, number>()
  const requests = framesOf((frame) => {
    const { apiKey, correlationId } = readRequest(frame)
    asked.set(correlationId, apiKey)
  })
  const answers = framesOf((frame) => {
    const correlationId = frame.readInt32BE(lengthBytes)
    const apiKey = asked.get(correlationId) ?? -1
    asked.delete(correlationId)
    const fate = proxy.answers(apiKey)
    proxy.tamper(apiKey, frame)
    if (fate === 'pass') client.write(frame)
    if (fate === 'lose') client.destroy()
  })
  client.on('data', (bytes: Buffer) => {
    requests(bytes)
    broker.write(bytes)
  })
  broker.on('data', answers)
}

function readRequest(frame: Buffer): Frame {
  return {
    apiKey: frame.readInt16BE(lengthBytes),
    correlationId: frame.readInt32BE(lengthBytes + 4),
  }
}

/** Cuts a stream of bytes into Kafka's frames, each with its length in front. */
function framesOf(onFrame: (frame: Buffer) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    while (rest.length >= lengthBytes) {
      const size = lengthBytes + rest.readInt32BE(0)
      if (rest.length < size) return
      onFrame(rest.subarray(0, size))
      rest = rest.subarray(size)
    }
  }
}
