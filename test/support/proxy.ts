import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './servers/free-port.ts'

/** `requests` go from client to server, `responses` back. */
export type Direction = 'requests' | 'responses'

/** What one connection may have under way in one direction; then the sender feels it, as with a full network. */
const queuedBytesMax = 1_048_576

/** Starts a proxy on a free port of 127.0.0.1. `target`: `host:port`, of a server that need not be up yet. */
export async function startProxy(target: string): Promise<TcpProxy> {
  const proxy = new TcpProxy(target, await freePort())
  await proxy.listen()
  return proxy
}

/**
 * Stands between clients and a server and does what networks do. Faults add up until `heal`. What is held is not
 * lost: it goes on after `heal`, as it would after a partition, unless the connection was cut meanwhile.
 */
export class TcpProxy implements AsyncDisposable {
  readonly port: number
  /** `127.0.0.1:PORT` */
  readonly address: string
  readonly #target: URL
  readonly #links = new Set<readonly [Socket, Socket]>()
  readonly #held = new Set<Direction>()
  #healed = Promise.withResolvers<void>()
  #listener: Server | undefined
  #delayMs = 0
  #cutAfter: { readonly direction: Direction; bytes: number } | undefined

  constructor(target: string, port: number) {
    this.#target = new URL(`tcp://${target}`)
    this.port = port
    this.address = `127.0.0.1:${port}`
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#links.size
  }

  /** The same URL, but with this proxy as its host. */
  through(url: string): string {
    return url.replace(new URL(url).host, this.address)
  }

  /** Nobody listens any more, and whoever was connected is cut. */
  async refuse(): Promise<void> {
    const closed = this.#listener && once(this.#listener, 'close')
    this.#listener?.close()
    this.#listener = undefined
    this.cut()
    await closed
  }

  /** Accepts, keeps open, and forwards nothing: not even that a connection ends. */
  blackhole(): void {
    this.hold('requests')
    this.hold('responses')
  }

  /** As `blackhole`, but one direction only: held responses come from a server that did the work. */
  hold(direction: Direction): void {
    this.#held.add(direction)
  }

  /** Each piece arrives so much later, both ways. */
  delay(ms: number): void {
    this.#delayMs = ms
  }

  /** Resets every connection that is open now. */
  cut(): void {
    for (const socket of [...this.#links].flat()) socket.resetAndDestroy()
  }

  /** Cuts all connections once so many more bytes went in a direction, summed over connections: mid-frame. Once. */
  cutAfter(bytes: number, direction: Direction = 'responses'): void {
    this.#cutAfter = { direction, bytes }
  }

  /** All is well again, on the same port. */
  async heal(): Promise<void> {
    this.#held.clear()
    this.#delayMs = 0
    this.#cutAfter = undefined
    this.#healed.resolve()
    this.#healed = Promise.withResolvers()
    await this.listen()
  }

  async listen(): Promise<void> {
    if (this.#listener !== undefined) return
    this.#listener = createServer({ allowHalfOpen: true }, (client) => this.#accept(client))
    await once(this.#listener.listen(this.port, '127.0.0.1'), 'listening')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse()
    this.#held.clear()
    this.#healed.resolve()
  }

  #accept(client: Socket): void {
    const { hostname: host, port } = this.#target
    const server = connect({ host, port: Number(port), allowHalfOpen: true })
    const link = [client, server] as const
    this.#links.add(link)
    for (const socket of link)
      socket.once('close', () => {
        if (client.closed && server.closed) this.#links.delete(link)
      })
    this.#forward(client, server, 'requests')
    this.#forward(server, client, 'responses')
  }

  /** What is read waits in line, also that there was an end: order stays. */
  #forward(from: Socket, to: Socket, direction: Direction): void {
    let queuedBytes = 0
    let last = Promise.resolve()
    const enqueue = (deliver: () => void | Promise<void>) => {
      const dueMs = performance.now() + this.#delayMs
      last = last.then(() => this.#wait(direction, dueMs)).then(deliver)
    }
    from.setNoDelay(true)
    from.on('data', (chunk: Buffer) => {
      queuedBytes += chunk.length
      if (queuedBytes > queuedBytesMax) from.pause()
      enqueue(async () => {
        await this.#deliver(chunk, to, direction)
        queuedBytes -= chunk.length
        from.resume()
      })
    })
    from.on('end', () => enqueue(() => void to.end()))
    from.on('error', () => {})
    from.on('close', (failed) => enqueue(() => void (failed ? to.resetAndDestroy() : to.end())))
  }

  async #wait(direction: Direction, dueMs: number): Promise<void> {
    const ms = dueMs - performance.now()
    if (ms > 0) await sleep(ms)
    while (this.#held.has(direction)) await this.#healed.promise
  }

  async #deliver(chunk: Buffer, to: Socket, direction: Direction): Promise<void> {
    const cut = this.#cutAfter?.direction === direction ? this.#cutAfter : undefined
    const bytes = Math.min(chunk.length, cut?.bytes ?? chunk.length)
    if (cut !== undefined) cut.bytes -= bytes
    if (to.writable) await new Promise((resolve) => to.write(chunk.subarray(0, bytes), resolve))
    if (cut?.bytes !== 0 || this.#cutAfter !== cut) return
    this.#cutAfter = undefined
    this.cut()
  }
}
