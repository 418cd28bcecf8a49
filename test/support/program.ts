import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import type { Role } from '#compose/roles.ts'

/** The program as a user runs it: a child process of its own, on a port that was free. */
export type Program = AsyncDisposable & {
  readonly url: string
  readonly pid: number
  /** What it wrote so far, both streams, line by line. */
  readonly lines: readonly string[]
  /** Resolves when it has ended, by whatever means. */
  readonly exited: Promise<Exit>
  signal(name: NodeJS.Signals): void
  /** SIGTERM; resolves to how it ended. Rejects where it takes longer than `exitMsMax`. */
  stop(): Promise<Exit>
  /** SIGKILL: it learns nothing of it. */
  kill(): Promise<void>
}

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

export type Settings = Readonly<Record<string, string>>

const startMsMax = 60_000
const exitMsMax = 20_000
const root = join(import.meta.dirname, '../..')
const main = join(root, 'src/main.ts')

/** Compiled code of all children of this user: a start takes half as long. */
export const compileCache = join(tmpdir(), 'daybook-test-compile-cache')

/** A folder of its own for what a test stores; gone with the test. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'daybook-'))
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }),
  }
}

/**
 * Starts the program on a data folder, whole or in one role. Resolves once it says that it listens; rejects with its
 * output if it ends before.
 */
export async function startProgram(
  folder: string,
  settings: Settings = {},
  command: 'start' | Role = 'start',
): Promise<Program> {
  const data = join(folder, 'data')
  await mkdir(data, { recursive: true })
  return listening(spawnDaybook([command], folder, { DAYBOOK_DATA: data, ...settings }))
}

/** Starts the whole program under another command, which keeps its arguments: a tracer that makes its calls fail. */
export async function startProgramUnder(
  under: readonly string[],
  folder: string,
): Promise<Program> {
  const data = join(folder, 'data')
  await mkdir(data, { recursive: true })
  return listening(spawnDaybook(['start'], folder, { DAYBOOK_DATA: data }, { under }))
}

/** Starts the whole program with both its outputs in the caller's hands, on the port that it is told. */
export async function startProgramInto(
  output: number,
  folder: string,
  port: number,
): Promise<Omit<Program, 'lines'>> {
  const settings = { DAYBOOK_DATA: join(folder, 'data'), DAYBOOK_PORT: `${port}` }
  const child = spawnDaybook(['start'], folder, settings, { output })
  const url = `http://127.0.0.1:${port}`
  return running(child, { url, lines: [], exited: exitOf(child) })
}

async function listening(child: ChildProcess): Promise<Program> {
  const lines: string[] = []
  const listens = Promise.withResolvers<string>()
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      const url = listeningUrl(line)
      if (url !== undefined) listens.resolve(url)
    })
  }
  const exited = exitOf(child)
  const ended = exited.then(({ code, signal }) => {
    throw new Error(`the program ended with ${code ?? signal}:\n${lines.join('\n')}`)
  })
  const url = await within(startMsMax, Promise.race([listens.promise, ended]))
  return running(child, { url, lines, exited })
}

/** Runs a subcommand to its end. */
export async function runProgram(
  given: readonly string[],
  folder: string,
  settings: Settings = {},
): Promise<Exit & { readonly output: string }> {
  return outputOf(spawnDaybook(given, folder, { DAYBOOK_DATA: join(folder, 'data'), ...settings }))
}

/** The same under another command, which keeps its arguments. */
export async function runProgramUnder(
  under: readonly string[],
  given: readonly string[],
  folder: string,
): Promise<Exit & { readonly output: string }> {
  return outputOf(spawnDaybook(given, folder, { DAYBOOK_DATA: join(folder, 'data') }, { under }))
}

async function outputOf(child: ChildProcess): Promise<Exit & { readonly output: string }> {
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  return { ...(await exitOf(child)), output }
}

/** No child outlives the tests, not even that of a test that took too long. */
const alive = new Set<ChildProcess>()
const killAll = () => {
  for (const child of alive) child.kill('SIGKILL')
}
process.on('exit', killAll)
process.once('SIGTERM', () => {
  // Who else listens decides when this process ends; without a listener it would have ended by the signal.
  if (process.listenerCount('SIGTERM') === 0) process.exit(1)
})

function spawnDaybook(
  given: readonly string[],
  folder: string,
  settings: Settings,
  { under = [], output = 'pipe' }: { under?: readonly string[]; output?: 'pipe' | number } = {},
): ChildProcess {
  const [command = '', ...args] = [...under, process.execPath, main, ...given]
  const child = spawn(command, args, {
    cwd: folder,
    stdio: ['ignore', output, output],
    // A group of its own: Ctrl-C reaches this process, which knows when to end the child.
    detached: true,
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: compileCache,
      DAYBOOK_PORT: '0',
      DAYBOOK_LOG_FORMAT: 'json',
      ...settings,
    },
  })
  alive.add(child)
  child.once('exit', () => alive.delete(child))
  return child
}

function running(
  child: ChildProcess,
  { url, lines, exited }: Pick<Program, 'url' | 'lines' | 'exited'>,
): Program {
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  return {
    url,
    pid: child.pid ?? 0,
    lines,
    exited,
    signal: (name) => void child.kill(name),
    async stop() {
      child.kill('SIGTERM')
      return await within(exitMsMax, exited)
    },
    kill,
    [Symbol.asyncDispose]: kill,
  }
}

async function exitOf(child: ChildProcess): Promise<Exit> {
  // `close` comes after the last of its output, `exit` may come before.
  await once(child, 'close')
  return { code: child.exitCode, signal: child.signalCode }
}

function listeningUrl(line: string): string | undefined {
  if (!line.includes('listening')) return undefined
  return /https?:\/\/[^\s"]+/.exec(line)?.[0]
}

async function within<Value>(limitMs: number, work: Promise<Value>): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`took longer than ${limitMs} ms`)), limitMs)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
