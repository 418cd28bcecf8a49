import { once } from 'node:events'
import { lstatSync, rmSync, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import process from 'node:process'
import { onEndingSignal } from '#cli/ending-signals.ts'
import { publishFile, unfinishedName } from '#cli/publish-file.ts'
import { isStandardOutput } from '#cli/standard-output.ts'
import { ToolFailed } from '#cli/subcommand.ts'

/**
 * Where a tool's data goes: a new file, which appears only when it is whole, or what takes it as it comes (standard output,
 * a pipe, a device). Disposed without `finish`, a file is dropped.
 */
export type Output = AsyncDisposable & {
  readonly isTerminal: boolean
  write(text: string): Promise<void>
  finish(): Promise<void>
}

/** @throws {ToolFailed} where there is such a file already, or none can be made. */
export async function openOutput(path: string | undefined): Promise<Output> {
  if (path === undefined || isStandardOutput(path)) return standardOutput()
  const there = statSync(path, { throwIfNoEntry: false })
  if (there !== undefined && !there.isFile() && !there.isDirectory()) return straightInto(path)
  if (isTaken(path)) throw alreadyThere(path)
  return newFile(path)
}

function standardOutput(): Output {
  return {
    isTerminal: process.stdout.isTTY,
    async write(text) {
      if (!process.stdout.write(text)) await once(process.stdout, 'drain')
    },
    async finish() {},
    async [Symbol.asyncDispose]() {},
  }
}

async function straightInto(path: string): Promise<Output> {
  const file = await naming(path, () => open(path, 'w'))
  return {
    isTerminal: false,
    write: (text) => naming(path, () => file.appendFile(text)),
    async finish() {},
    [Symbol.asyncDispose]: () => file.close(),
  }
}

async function newFile(path: string): Promise<Output> {
  const unfinished = unfinishedName(path)
  const drop = () => rmSync(unfinished, { force: true })
  using signals = new DisposableStack()
  signals.use(onEndingSignal(drop))
  const file = await naming(path, () => open(unfinished, 'wx', 0o600))
  const opened = signals.move()
  return {
    isTerminal: false,
    write: (text) => naming(path, () => file.appendFile(text)),
    finish: () => naming(path, () => publish(file, unfinished, path)),
    async [Symbol.asyncDispose]() {
      opened[Symbol.dispose]()
      await file.close()
      drop()
    },
  }
}

async function publish(file: FileHandle, unfinished: string, path: string): Promise<void> {
  await file.sync()
  if (!(await publishFile(unfinished, path))) throw alreadyThere(path)
}

/** Also where a link is there that leads nowhere. */
function isTaken(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

function alreadyThere(path: string): ToolFailed {
  return new ToolFailed(`${path} is there already.`)
}

/** The system's own words name no file, or one that nobody has asked for. */
async function naming<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    throw new ToolFailed(`${path} cannot be written: ${error.message}`, { cause: error })
  }
}
