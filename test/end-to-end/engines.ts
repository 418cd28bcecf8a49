import { afterAll, beforeAll, describe } from 'vitest'
import { clusterSettings } from '#test/support/cluster-settings.ts'
import { openCluster } from '#test/support/cluster.ts'
import { TestBooks } from '#test/end-to-end/test-books.ts'
import { ApiClient, clusterPatienceMs } from '#test/support/http-client.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'
import { describeWith, type Servers } from '#test/support/servers/describe-with.ts'

/** A running Daybook. Its folder, servers and processes are gone once it is disposed of. */
export type Server = AsyncDisposable & {
  readonly url: string
  /** Stops it as an operator would and starts it on the same data; the URL may be another one then. */
  restart(): Promise<void>
}

/** One way to run Daybook: everything under `end-to-end` holds for each of them. */
type Engine = {
  readonly name: string
  /** A suite that is run once what this way needs is there; skipped, with the reason, where it can't be had. */
  readonly describe: (name: string, tests: (servers?: Servers) => void) => void
  open(servers?: Servers): Promise<Server>
  /** For how long a client asks again for what is stored and not yet visible. */
  readonly patienceMs: number
}

const engines: readonly Engine[] = [
  {
    name: 'embedded',
    describe: (name, tests) => describe(name, () => tests()),
    open: openEmbedded,
    // What is stored is to be seen within the 2 s that the API itself waits.
    patienceMs: 0,
  },
  {
    name: 'distributed',
    describe: (name, tests) => describeWith(['eventstoredb', 'kafka', 'mongodb'], name, tests),
    open: openDistributed,
    patienceMs: clusterPatienceMs,
  },
]

/** What a suite has: one server, shared by its tests, each of which opens ledgers of its own. */
export type Subject = {
  readonly api: ApiClient
  /** A new ledger with accounts in it. */
  books(): Promise<TestBooks>
  restart(): Promise<void>
}

/** Describes what holds for every engine. */
export function describeEndToEnd(name: string, body: (on: Subject) => void): void {
  for (const engine of engines) describeOn(engine, name, body)
}

function describeOn(engine: Engine, name: string, body: (on: Subject) => void): void {
  engine.describe(`${engine.name}: ${name}`, (servers) => {
    let server: Server | undefined
    let api: ApiClient | undefined
    const connected = () => {
      if (api === undefined) throw new Error('the server has not started')
      return api
    }

    beforeAll(async () => {
      server = await engine.open(servers)
      api = new ApiClient(server.url, engine)
    }, 60_000)

    afterAll(async () => {
      api?.[Symbol.dispose]()
      await server?.[Symbol.asyncDispose]()
    })

    body({
      get api() {
        return connected()
      },
      books: () => TestBooks.open(connected),
      async restart() {
        api?.[Symbol.dispose]()
        await server?.restart()
        api = new ApiClient(server?.url ?? '', engine)
      },
    })
  })
}

async function openEmbedded(): Promise<Server> {
  await using opening = new AsyncDisposableStack()
  const folder = opening.use(await temporaryFolder())
  let program = await startProgram(folder.path)
  opening.defer(() => program.kill())
  const opened = opening.move()
  return {
    get url() {
      return program.url
    },
    async restart() {
      const { code, signal } = await program.stop()
      if (code !== 0)
        throw new Error(`it ended with ${code ?? signal}: ${program.lines.join('\n')}`)
      program = await startProgram(folder.path)
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** A process for each role, on the servers that all tests share. */
async function openDistributed(servers?: Servers): Promise<Server> {
  if (servers === undefined) throw new Error('the distributed engine needs servers')
  const cluster = await openCluster(clusterSettings(servers))
  return {
    get url() {
      return cluster.process('api').url
    },
    restart: () => cluster.restart(),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  }
}
