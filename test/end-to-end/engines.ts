import { afterAll, beforeAll } from 'vitest'
import { clusterSettings } from '#test/support/cluster-settings.ts'
import { openCluster } from '#test/support/cluster.ts'
import { TestBooks } from '#test/end-to-end/test-books.ts'
import { ApiClient, clusterPatienceMs } from '#test/support/http-client.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'
import type { Need } from '#test/support/servers/chances.ts'
import { describeWith, type Servers } from '#test/support/servers/describe-with.ts'

/** A running Daybook of one suite's own. Its folder, servers and processes are gone once it is disposed of. */
type Server = AsyncDisposable & {
  readonly url: string
  /** Stops it as an operator would and starts it on the same data; the URL may be another one then. */
  restart(): Promise<void>
}

/** One way to run Daybook: everything under `end-to-end` holds for each of them. */
type Engine = {
  readonly name: string
  /** The one that suites share. */
  readonly shared: 'daybook' | 'daybook-cluster'
  /** What one of a suite's own stands on. */
  readonly needs: readonly Need[]
  open(servers: Servers): Promise<Server>
  /** For how long a client asks again for what is stored and not yet visible. */
  readonly patienceMs: number
}

const engines: readonly Engine[] = [
  {
    name: 'embedded',
    shared: 'daybook',
    needs: [],
    open: openEmbedded,
    // What is stored is to be seen within the 2 s that the API itself waits.
    patienceMs: 0,
  },
  {
    name: 'distributed',
    shared: 'daybook-cluster',
    needs: ['eventstoredb', 'kafka', 'mongodb'],
    open: openDistributed,
    patienceMs: clusterPatienceMs,
  },
]

/** What a suite has: a server whose other tests write to other ledgers. */
export type Subject = {
  readonly api: ApiClient
  /** A new ledger with accounts in it. */
  books(): Promise<TestBooks>
}

/** What a suite has that shares its server with no other suite. */
type LonelySubject = Subject & { restart(): Promise<void> }

/** Describes what holds for every engine, on the servers that all suites of a run share. */
export function describeEndToEnd(name: string, body: (on: Subject) => void): void {
  for (const engine of engines)
    describeWith([engine.shared], `${engine.name}: ${name}`, (servers) => {
      const connection = new Connection(engine)
      beforeAll(() => connection.to(servers.daybook().url))
      afterAll(() => connection[Symbol.dispose]())
      body(connection)
    })
}

/** As `describeEndToEnd`, on servers of its own: for what stops them, floods them, or looks at more than its ledgers. */
export function describeAlone(name: string, body: (on: LonelySubject) => void): void {
  for (const engine of engines)
    describeWith(engine.needs, `${engine.name}: ${name}`, (servers) => {
      const connection = new Connection(engine)
      let server: Server | undefined
      beforeAll(async () => {
        server = await engine.open(servers)
        connection.to(server.url)
      }, 60_000)
      afterAll(async () => {
        connection[Symbol.dispose]()
        await server?.[Symbol.asyncDispose]()
      })
      const restart = async () => {
        connection[Symbol.dispose]()
        await server?.restart()
        connection.to(server?.url ?? '')
      }
      body(Object.assign(connection, { restart }))
    })
}

/** The client of the server as it is now. */
class Connection implements Subject, Disposable {
  readonly #engine: Engine
  #api: ApiClient | undefined

  constructor(engine: Engine) {
    this.#engine = engine
  }

  to(url: string): void {
    this[Symbol.dispose]()
    this.#api = new ApiClient(url, this.#engine)
  }

  get api(): ApiClient {
    if (this.#api === undefined) throw new Error('the server has not started')
    return this.#api
  }

  books(): Promise<TestBooks> {
    return TestBooks.open(() => this.api)
  }

  [Symbol.dispose](): void {
    this.#api?.[Symbol.dispose]()
  }
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
async function openDistributed(servers: Servers): Promise<Server> {
  const cluster = await openCluster(clusterSettings(servers))
  return {
    get url() {
      return cluster.process('api').url
    },
    restart: () => cluster.restart(),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  }
}
