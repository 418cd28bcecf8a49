import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A server under load: a process of its own, stopped when disposed of. */
export type Server = AsyncDisposable & { readonly url: string; readonly pid: number | undefined }

/** Starts a script of this repository and waits until it says where it listens. */
export async function startServer(
  script: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Server> {
  const child = spawn(process.execPath, [pathOf(script), ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await listeningUrl(child)
  return {
    url,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** Runs a script to its end and gives what it printed. */
export async function run(script: string, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [pathOf(script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${script} ended with code ${code}`)
  return Buffer.concat(chunks).toString()
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
