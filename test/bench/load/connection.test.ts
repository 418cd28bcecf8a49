import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openConnection } from '#bench/load/connection.ts'

const created = 'HTTP/1.1 201 Created\r\ncontent-length: 5\r\n\r\nhello'
const empty = 'HTTP/1.1 204 No Content\r\n\r\n'

describe('a connection of the clients', () => {
  it('tells the status of every answer, one after the other', async () => {
    expect(await statusesOf([[created], [empty], [created]])).toEqual([201, 204, 201])
  })

  it('waits for the whole of an answer that comes in pieces', async () => {
    expect(
      await statusesOf([[created.slice(0, 20), created.slice(20, 44), created.slice(44)]]),
    ).toEqual([201])
    expect(await statusesOf([[created.slice(0, -2), created.slice(-2)]])).toEqual([201])
  })

  it('fails when the server ends it', async () => {
    const failed = Promise.withResolvers<Error>()
    await using server = await serve((socket) => socket.end())
    const connection = await openConnection(server.url, {
      answered: () => {},
      failed: failed.resolve,
    })
    expect((await failed.promise).message).toBe('the server ended a connection')
    connection.close()
  })
})

/** What a client hears that sends its next request when the last is answered; each answer comes in its pieces. */
async function statusesOf(answers: readonly (readonly string[])[]): Promise<readonly number[]> {
  const left = answers.values()
  await using server = await serve((socket) => {
    socket.on('data', () => void writeSlowly(socket, left.next().value ?? []))
  })
  const statuses: number[] = []
  const done = Promise.withResolvers<void>()
  const connection = await openConnection(server.url, {
    answered: (own, status) => {
      statuses.push(status)
      if (statuses.length === answers.length) done.resolve()
      else own.send(Buffer.from('next'))
    },
    failed: done.reject,
  })
  connection.send(Buffer.from('first'))
  await done.promise
  connection.close()
  return statuses
}

async function writeSlowly(socket: Socket, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    socket.write(piece)
    await sleep(10)
  }
}

async function serve(accept: (socket: Socket) => void): Promise<AsyncDisposable & { url: URL }> {
  const server = createServer((socket) => {
    socket.setNoDelay(true)
    accept(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
