import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A server under load: a process of its own, stopped when disposed of. */
export type Server = AsyncDisposable & { readonly url: string; readonly pid: number }

const stopMsMax = 20_000
const startMsMax = 120_000
const runMsMax = 3_600_000
const alive = new Set<ChildProcess>()
let isEnding = false

// However this process ends, also by a bug: the others don't outlive it.
process.once('exit', () => {
  for (const child of alive) signal(child, 'SIGTERM')
})

/** Starts a script of this repository and waits until it says where it listens. */
export async function startServer(
  script: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Server> {
  const child = start(script, args, environment)
  const late = setTimeout(() => signal(child, 'SIGKILL'), startMsMax)
  try {
    const url = await listeningUrl(child)
    clearTimeout(late)
    return { url, pid: child.pid ?? 0, [Symbol.asyncDispose]: () => stop(child) }
  } catch (error) {
    clearTimeout(late)
    await stop(child)
    throw error
  }
}

/** Runs a script to its end, for an hour at most, and gives what it printed. */
export async function run(
  script: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<string> {
  const child = start(script, args, environment)
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  const late = setTimeout(() => signal(child, 'SIGKILL'), runMsMax)
  const [code] = await once(child, 'close')
  clearTimeout(late)
  if (code !== 0) throw new Error(`${script} ended with code ${code}`)
  return Buffer.concat(chunks).toString()
}

/** Ends every process that was started here and still runs, and what these have started. No other starts from now on. */
export async function endAll(): Promise<void> {
  isEnding = true
  await Promise.all([...alive].map(stop))
}

/** In a process group of its own: a Ctrl-C reaches this process, which ends the others in order. */
function start(
  script: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): ChildProcess {
  if (isEnding) throw new Error('the bench is ending')
  const child = spawn(process.execPath, [pathOf(script), ...args], {
    env: { ...ownEnvironment(), ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  alive.add(child)
  child.once('close', () => alive.delete(child))
  return child
}

/** Without settings that whoever runs the bench has for a Daybook of theirs. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('DAYBOOK_')),
  )
}

async function stop(child: ChildProcess): Promise<void> {
  if (!alive.has(child)) return
  const ended = once(child, 'close')
  signal(child, 'SIGTERM')
  const late = setTimeout(() => signal(child, 'SIGKILL'), stopMsMax)
  await ended
  clearTimeout(late)
}

function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, name)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

function pathOf(script: string): string {
  return fileURLToPath(new URL(`../${script}`, import.meta.url))
}

async function listeningUrl(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the server has no output')
  for await (const line of createInterface(child.stdout)) {
    const url = /listening on (http:[^"\s]+)/.exec(line)?.[1]
    if (url === undefined) continue
    child.stdout.resume()
    return url
  }
  throw new Error('the server ended before it listened')
}
