import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** The TCP port that clients see, before the server's own: it can drop, freeze and refuse what goes through. */
export class Front {
  readonly #behind: number
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #port = 0
  #frozen = false

  constructor(behind: number) {
    this.#behind = behind
  }

  get port(): number {
    return this.#port
  }

  /** Listens, on the port it had before if there was one. */
  async open(): Promise<void> {
    this.#server = createServer((socket) => this.#through(socket))
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    const address: AddressInfo | string | null = this.#server.address()
    if (address !== null && typeof address === 'object') this.#port = address.port
  }

  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    const closed = once(server, 'close')
    server.close()
    this.drop()
    await closed
  }

  /** Breaks every connection; new ones are taken. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Takes connections and bytes, and passes nothing on until thawed. */
  freeze(frozen: boolean): void {
    this.#frozen = frozen
    for (const socket of this.#sockets) this.#flow(socket)
  }

  #through(outside: Socket): void {
    const inside = connect(this.#behind, '127.0.0.1')
    for (const [one, other] of [
      [outside, inside],
      [inside, outside],
    ] as const) {
      one.setNoDelay(true)
      this.#sockets.add(one)
      one.on('data', (bytes) => other.write(bytes))
      one.on('end', () => other.end())
      one.on('error', () => other.destroy())
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
      this.#flow(one)
    }
  }

  #flow(socket: Socket): void {
    if (this.#frozen) socket.pause()
    else socket.resume()
  }
}
