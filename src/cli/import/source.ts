import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { ToolFailed } from '#cli/subcommand.ts'
import { openTemporaryFolder } from '#cli/temporary-folder.ts'

const chunkBytes = 256 * 1024

/** A file to import: its SHA-256 in hex, its size, and its bytes from the start, as often as they are asked for. */
export type Source = AsyncDisposable & {
  readonly sha256: string
  readonly bytes: number
  read(): AsyncIterable<Buffer>
}

/** Opens a file; `-` and what is no regular file are first copied to a temporary one, to be read twice. */
export async function openSource(path: string): Promise<Source> {
  if (path === '-') return spooled(process.stdin)
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw new ToolFailed(`there is no file ${path}.`)
  if (found.isDirectory()) throw new ToolFailed(`${path} is a folder.`)
  return found.isFile() ? opened(path) : spooled(createReadStream(path))
}

async function opened(path: string): Promise<Source> {
  await using opening = new AsyncDisposableStack()
  const file = opening.use(await open(path, 'r'))
  const read = (): AsyncIterable<Buffer> =>
    file.createReadStream({ start: 0, autoClose: false, highWaterMark: chunkBytes })
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of read()) {
    hash.update(chunk)
    bytes += chunk.length
  }
  const stack = opening.move()
  return {
    sha256: hash.digest('hex'),
    bytes,
    read,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function spooled(input: AsyncIterable<Buffer>): Promise<Source> {
  await using spooling = new AsyncDisposableStack()
  const folder = spooling.use(await openTemporaryFolder('import'))
  const path = join(folder.path, 'input')
  {
    await using file = await open(path, 'wx', 0o600)
    for await (const chunk of input) await file.appendFile(chunk)
  }
  const source = spooling.use(await opened(path))
  const stack = spooling.move()
  return { ...source, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}
