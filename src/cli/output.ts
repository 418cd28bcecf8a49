import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import process from 'node:process'
import { finished } from 'node:stream/promises'

/** Where a tool's data goes: a file that appears only when it is whole, or stdout. Disposed without `finish`, a file is dropped. */
export type Output = AsyncDisposable & {
  write(text: string): Promise<void>
  finish(): Promise<void>
}

export function openOutput(path: string | undefined): Output {
  return path === undefined ? standardOutput() : fileOutput(path)
}

function standardOutput(): Output {
  return {
    async write(text) {
      if (!process.stdout.write(text)) await once(process.stdout, 'drain')
    },
    async finish() {},
    async [Symbol.asyncDispose]() {},
  }
}

function fileOutput(path: string): Output {
  const unfinished = `${path}.unfinished`
  const file = createWriteStream(unfinished, { mode: 0o600, flush: true })
  const ended = finished(file)
  ended.catch(() => {})
  return {
    async write(text) {
      if (!file.write(text)) await Promise.race([once(file, 'drain'), ended])
    },
    async finish() {
      file.end()
      await ended
      await rename(unfinished, path)
    },
    async [Symbol.asyncDispose]() {
      file.destroy()
      await rm(unfinished, { force: true })
    },
  }
}
