import { Buffer } from 'node:buffer'
import { connect, type Socket } from 'node:net'

const headersEnd = Buffer.from('\r\n\r\n')
const lengthName = Buffer.from('\r\ncontent-length: ')
const digitZero = 48
const readBytesMax = 64 * 1024

/**
 * A connection with one request at a time, written and read as bytes so that the client costs little. Every answer has
 * to say its `content-length`, in small letters.
 */
export class Connection {
  /** When what is under way was sent, or should have been. */
  sentMs = 0
  readonly #socket: Socket
  readonly #answered: (connection: Connection, status: number) => void
  #status = 0
  /** Bytes of the answer's body still to come; undefined while its headers are. */
  #bodyLeft: number | undefined
  #headers: Buffer | undefined

  constructor(socket: Socket, answered: (connection: Connection, status: number) => void) {
    this.#socket = socket
    this.#answered = answered
  }

  send(request: Buffer): void {
    this.#socket.write(request)
  }

  close(): void {
    this.#socket.destroy()
  }

  /** What has come in; the bytes are the caller's again when this returns. */
  take(chunk: Buffer): void {
    if (this.#bodyLeft === undefined) this.#takeHeaders(chunk)
    else this.#bodyLeft -= chunk.length
    if (this.#bodyLeft !== 0) return
    this.#bodyLeft = undefined
    this.#answered(this, this.#status)
  }

  #takeHeaders(chunk: Buffer): void {
    const got = this.#headers === undefined ? chunk : Buffer.concat([this.#headers, chunk])
    const end = got.indexOf(headersEnd)
    this.#headers = end === -1 ? Buffer.from(got) : undefined
    if (end === -1) return
    this.#status = numberAt(got, 9)
    const named = got.indexOf(lengthName)
    const length = named === -1 || named > end ? 0 : numberAt(got, named + lengthName.length)
    this.#bodyLeft = end + headersEnd.length + length - got.length
  }
}

/** Resolves once it is open; `failed` is told when it ends before `close`. */
export async function openConnection(
  url: URL,
  on: {
    readonly answered: (connection: Connection, status: number) => void
    readonly failed: (error: Error) => void
  },
): Promise<Connection> {
  // One buffer for all that is read, and no stream around it: measured, a fifth of what a client costs.
  const buffer = Buffer.allocUnsafe(readBytesMax)
  const take = (bytes: number) => {
    connection.take(buffer.subarray(0, bytes))
    return true
  }
  const { port, hostname: host } = url
  const socket = connect({ host, port: Number(port), onread: { buffer, callback: take } })
  const connection = new Connection(socket, on.answered)
  socket.setNoDelay(true)
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  socket.on('error', on.failed)
  socket.on('end', () => on.failed(new Error('the server ended a connection')))
  return connection
}

function numberAt(bytes: Buffer, from: number): number {
  let value = 0
  for (let index = from; ; index += 1) {
    const digit = (bytes[index] ?? 0) - digitZero
    if (digit < 0 || digit > 9) return value
    value = value * 10 + digit
  }
}
