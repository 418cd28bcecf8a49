import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer, connect as openSocket, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { patchConnection } from '#adapters/kafka/connection-patch.ts'

type Connection = {
  connect(): Promise<boolean>
  disconnect(): Promise<boolean>
  isConnected(): boolean
  readonly bytesBuffered: number
}

const KafkaConnection: new (options: object) => Connection = createRequire(import.meta.url)(
  'kafkajs/src/network/connection',
)

const silent = { debug() {}, error() {}, warn() {}, info() {} }

async function aBroker() {
  const sockets: Socket[] = []
  const server = createServer((socket) => sockets.push(socket.on('error', () => {})))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { sockets, port, [Symbol.dispose]: () => void server.close() }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}

it('a connection that is made anew does not take what comes for the rest of the answer before', async () => {
  patchConnection()
  patchConnection()
  using broker = await aBroker()
  const connection = new KafkaConnection({
    host: '127.0.0.1',
    port: broker.port,
    logger: { namespace: () => silent },
    connectionTimeout: 5_000,
    requestTimeout: 5_000,
    socketFactory: ({ onConnect }: { onConnect: () => void }) =>
      openSocket(broker.port, '127.0.0.1', onConnect),
  })
  await connection.connect()
  await until(() => broker.sockets.length === 1)
  // Says that a hundred bytes come, brings three, and breaks off.
  broker.sockets[0]?.end(Buffer.from([0, 0, 0, 100, 1, 2, 3]))
  await until(() => !connection.isConnected())
  expect(connection.bytesBuffered).toBe(7)

  await connection.connect()
  expect(connection.bytesBuffered).toBe(0)
  await until(() => broker.sockets.length === 2)
  // An answer that nobody waits for, and the beginning of the next one.
  broker.sockets[1]?.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 9, 0, 0]))
  await until(() => connection.bytesBuffered === 2)
  await connection.disconnect()
})
