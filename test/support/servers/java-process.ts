import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { findJava } from './java.ts'
import { folderPrefix, writeOwner } from './leftovers.ts'

const readyMsMax = 60_000
const stopMsMax = 15_000
const probeEveryMs = 25
const logCharactersMax = 4_000

/** Flags of a server that lives for seconds beside many others: quick to start, small. */
export const shortLivedFlags = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

/** A folder of its own for a server, whose name its command line carries. */
export async function makeServerFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `${folderPrefix}${name}-`))
  writeOwner(folder, { owner: process.pid, server: 0 })
  return folder
}

/**
 * A Java program with a folder of its own, started again as often as wanted. It never outlives this process;
 * where this process is killed, the next run's `endLeftovers` ends it. Disposing of it kills it and removes the folder.
 */
export class JavaProcess implements AsyncDisposable {
  readonly #folder: string
  readonly #given: readonly string[]
  #child: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()

  constructor(folder: string, given: readonly string[]) {
    this.#folder = folder
    this.#given = given
    alive.add(this)
  }

  /** 0 where it doesn't run. */
  get pid(): number {
    return this.#running ? (this.#child?.pid ?? 0) : 0
  }

  /** Starts it. Resolves once the probe says true; rejects with its last output where it ends before. */
  async start(isReady: () => Promise<boolean>): Promise<void> {
    this.#spawn()
    const deadline = Date.now() + readyMsMax
    while (!(await isReady())) {
      if (!this.#running) throw new Error(`the server ended:\n${this.#log()}`)
      if (Date.now() > deadline) throw new Error(`the server is not ready:\n${this.#log()}`)
      await sleep(probeEveryMs)
    }
  }

  signal(name: NodeJS.Signals): void {
    if (this.#running) this.#child?.kill(name)
  }

  /** SIGTERM; SIGKILL where that takes longer than `limitMs`. Resolves once it has ended. */
  async stop(limitMs = stopMsMax): Promise<void> {
    this.signal('SIGCONT')
    this.signal('SIGTERM')
    const late = setTimeout(() => this.signal('SIGKILL'), limitMs)
    await this.#exited
    clearTimeout(late)
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.#exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    alive.delete(this)
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  /** For the end of this process: as `Symbol.asyncDispose`, at once. */
  end(): void {
    this.signal('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  get #running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && !this.#child.signalCode
  }

  #spawn(): void {
    const java = findJava()
    if (java === undefined) throw new Error('Java is not there')
    const { PATH, HOME } = process.env
    const output = openSync(this.#outputPath, 'a')
    // A group of its own: Ctrl-C reaches this process first, which knows when to end the server.
    const child = spawn(java.path, this.#given, {
      cwd: this.#folder,
      env: { PATH, HOME },
      stdio: ['ignore', output, output],
      detached: true,
    })
    closeSync(output)
    this.#child = child
    this.#exited = new Promise((resolve) => {
      child.once('exit', () => resolve())
      child.once('error', () => resolve())
    })
    writeOwner(this.#folder, { owner: process.pid, server: child.pid ?? 0 })
  }

  #log(): string {
    return readFileSync(this.#outputPath, 'utf8').slice(-logCharactersMax)
  }

  get #outputPath(): string {
    return join(this.#folder, 'output.log')
  }
}

const alive = new Set<JavaProcess>()

process.on('exit', () => {
  for (const server of alive) server.end()
})
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
  process.once(name, () => {
    // Who else listens decides when this process ends; without a listener it would have ended by the signal.
    if (process.listenerCount(name) === 0) process.exit(1)
  })
