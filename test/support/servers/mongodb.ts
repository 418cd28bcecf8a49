import { join } from 'node:path'
import { accepts, freePort } from './free-port.ts'
import { jarsOf } from './jars.ts'
import { JavaProcess, makeServerFolder, shortLivedFlags } from './java-process.ts'

/** The MongoDB-compatible stand-in. What it holds is gone when it ends. */
export type MongodbServer = AsyncDisposable & {
  /** `mongodb://127.0.0.1:PORT` */
  readonly url: string
  readonly port: number
  readonly kind: 'stand-in'
  /** 0 while it is down. */
  readonly pid: number
  stop(): Promise<void>
  /** SIGKILL */
  kill(): Promise<void>
  /** Starts it, empty, on the same port; stops it first where it runs. */
  restart(): Promise<void>
  /** SIGSTOP: connections stay open, and nothing answers. */
  pause(): void
  /** SIGCONT */
  resume(): void
}

/** Starts a stand-in: 1 s; the first on a machine downloads 6 MB. Resolves once it accepts connections. */
export async function startMongodb(): Promise<MongodbServer> {
  const classPath = await jarsOf('mongodb')
  const folder = await makeServerFolder('mongodb')
  const port = await freePort()
  const source = join(import.meta.dirname, 'MongoStandIn.java')
  const name = `-Ddaybook.folder=${folder}`
  const program = ['-cp', classPath, source, String(port)]
  const server = new JavaProcess(folder, ['-Xmx512m', ...shortLivedFlags, name, ...program])
  const start = () => server.start(() => accepts(port))
  try {
    await start()
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
  return {
    url: `mongodb://127.0.0.1:${port}`,
    port,
    kind: 'stand-in',
    get pid() {
      return server.pid
    },
    stop: () => server.stop(),
    kill: () => server.kill(),
    async restart() {
      await server.stop()
      await start()
    },
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
