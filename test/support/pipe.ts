import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'

/** A pipe of the system's: what Node makes for a child's output are sockets. */
export type Pipe = Disposable & {
  /** For a child to write to. */
  readonly to: number
  /** Takes nothing from the pipe before it is asked for, once. */
  read(): Socket
  /** So that it takes nothing more. */
  fill(): void
}

/** Made in a folder of the caller's; disposing takes both ends away. */
export function makePipe(folder: string): Pipe {
  const path = join(folder, 'pipe')
  const { status } = spawnSync('mkfifo', [path])
  if (status !== 0) throw new Error(`mkfifo ended with ${status}`)
  const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants
  const from = openSync(path, O_RDONLY | O_NONBLOCK)
  let reader: Socket | undefined
  const to = openSync(path, O_WRONLY)
  return {
    to,
    read() {
      reader = new Socket({ fd: from, writable: false })
      return reader
    },
    fill() {
      const filling = openSync(path, O_WRONLY | O_NONBLOCK)
      try {
        writeUntilFull(filling)
      } finally {
        closeSync(filling)
      }
    },
    [Symbol.dispose]() {
      closeSync(to)
      if (reader === undefined) closeSync(from)
      else reader.destroy()
    },
  }
}

function writeUntilFull(fd: number): void {
  try {
    for (;;) writeSync(fd, '\n')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
  }
}
