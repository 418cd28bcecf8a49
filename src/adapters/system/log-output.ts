import { constants, fstatSync, openSync, writeSync } from 'node:fs'
import process from 'node:process'
import { isMainThread } from 'node:worker_threads'

/** Lines that wait for who reads; those that come on top of them are lost. */
const waitingBytesMax = 1024 * 1024

/** Between two looks whether somebody reads again. */
const retryMs = 10

/** How long the end of a thread waits for lines to be taken. */
const flushMsMax = 1_000

/**
 * Lines for a file descriptor: written at once as long as they are taken, also right before an exit. A pipe that nobody
 * reads is full after some lines: then they wait here, in order and bounded, and nothing ever waits for them but the end,
 * for a second. Once some are lost, so are all until what waits has been taken; then `tellLost` is told how many.
 */
export class LogOutput {
  readonly #fd: number
  readonly #tellLost: (count: number) => void
  readonly #waiting: Buffer[] = []
  #waitingBytes = 0
  #lostCount = 0
  #retry: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(fd: 1 | 2, tellLost: (count: number) => void) {
    this.#fd = withoutWaiting(fd)
    this.#tellLost = tellLost
    process.on('exit', () => this.#flush())
  }

  write(line: string): void {
    if (this.#isClosed) return
    const bytes = Buffer.from(line)
    if (this.#lostCount > 0 || this.#waitingBytes + bytes.length > waitingBytesMax)
      this.#lostCount += 1
    else {
      this.#waiting.push(bytes)
      this.#waitingBytes += bytes.length
    }
    if (this.#retry === undefined) this.#drain()
  }

  #drain(): void {
    for (let line = this.#waiting[0]; line !== undefined; line = this.#waiting[0]) {
      const written = this.#tryWrite(line)
      if (this.#isClosed) return
      this.#waitingBytes -= written
      if (written < line.length) {
        this.#waiting[0] = line.subarray(written)
        return this.#drainLater()
      }
      this.#waiting.shift()
    }
    const count = this.#lostCount
    this.#lostCount = 0
    if (count > 0) this.#tellLost(count)
  }

  #drainLater(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined
      this.#drain()
    }, retryMs).unref()
  }

  /** Whatever keeps a line from being written, a full disk too, may be over later: there is no other place to say so. */
  #tryWrite(bytes: Buffer): number {
    try {
      return writeSync(this.#fd, bytes)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EPIPE') this.#close()
      return 0
    }
  }

  /** Who read has gone for good. */
  #close(): void {
    this.#isClosed = true
    this.#waiting.length = 0
    this.#lostCount = 0
  }

  #flush(): void {
    const untilMs = performance.now() + flushMsMax
    while (this.#waiting.length > 0 && performance.now() < untilMs) {
      Atomics.wait(never, 0, 0, retryMs)
      this.#drain()
    }
  }
}

const never = new Int32Array(new SharedArrayBuffer(4))

/**
 * A descriptor of the same file on which a write to a full pipe fails. Opened once more where that can be: the setting
 * of the one that was given is shared with every process that has it, and Node takes it back at its end.
 */
function withoutWaiting(fd: 1 | 2): number {
  try {
    if (fstatSync(fd).isFIFO())
      return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    // Somebody else's pipe, or no Linux.
  }
  // Node makes it so for pipes and sockets when it opens its own stream: for all threads.
  if (isMainThread) openStream(fd)
  return fd
}

function openStream(fd: 1 | 2): NodeJS.WriteStream {
  return fd === 1 ? process.stdout : process.stderr
}
