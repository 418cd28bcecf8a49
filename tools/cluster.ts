/**
 * The distributed engine on one machine, without Docker: real servers, two processes of each role, until Ctrl-C. Prints
 * one line per process. `--tour` plays the README's tour against both APIs, stops everything, and exits with 0 only if
 * every answer was right and every process ended well.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { type Cluster, type ClusterSize, openCluster } from '#test/support/cluster.ts'
import type { Settings } from '#test/support/program.ts'
import { type Chances, findChances } from '#test/support/servers/chances.ts'
import { startDouble } from '#test/support/servers/eventstoredb.ts'
import { openSharedServers } from '#test/support/servers/shared-servers.ts'

const usage = `usage: npm run cluster [-- --tour]

Starts EventStoreDB, Kafka and MongoDB (from EVENTSTORE_URL, KAFKA_URL and MONGODB_URL; else in Docker; else natively: a
real Kafka and a MongoDB-compatible server on this machine's Java, and a stand-in for EventStoreDB) and two processes of
each role. Everything is gone after Ctrl-C.

  --tour  play the README's tour against both APIs, stop everything, exit 0 only if every answer was right
`

const twoOfEach: ClusterSize = { api: 2, relay: 2, projector: 2, sweeper: 2 }
const demo = join(import.meta.dirname, '../examples/demo.ts')

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      tour: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return print(usage)
  const stopped = stopSignal()
  await using running = new AsyncDisposableStack()
  const settings = await startServers(running)
  const cluster = running.use(
    await openCluster(settings, twoOfEach, (role, { url }) => print(`${role} ${url}\n`)),
  )
  const asked = values.tour ? tour(cluster) : untilStopped(cluster, stopped)
  const result = await Promise.race([asked, firstEnd(cluster)])
  return Math.max(result, await stopAll(cluster))
}

/** Starts what is not there and leads to it. */
async function startServers(running: AsyncDisposableStack): Promise<Settings> {
  const chances = await findChances()
  for (const name of ['eventstoredb', 'kafka', 'mongodb'] as const) {
    const chance = chances[name]
    if ('unavailable' in chance) throw new Error(`there is no ${name}: ${chance.unavailable}`)
  }
  const servers = running.use(openSharedServers(chances))
  const [log, kafka, mongodb] = await Promise.all([
    isDouble(chances)
      ? startDouble().then((double) => running.use(double))
      : servers.eventstoredb(),
    servers.kafka(),
    servers.mongodb(),
  ])
  print(`eventstoredb ${withoutLogin(log.url)}${isDouble(chances) ? ' (stand-in)' : ''}\n`)
  print(`kafka ${withoutLogin(kafka.url)}\n`)
  print(`mongodb ${withoutLogin(mongodb.url)}${mongodb.kind === 'stand-in' ? ' (stand-in)' : ''}\n`)
  return {
    DAYBOOK_EVENT_STORE: log.url,
    DAYBOOK_FEED: kafka.url,
    DAYBOOK_READ_MODELS: mongodb.url,
    DAYBOOK_CURSOR_SECRET: 'no secret: this cluster serves one machine',
  }
}

function isDouble({ eventstoredb }: Chances): boolean {
  return 'by' in eventstoredb && eventstoredb.by === 'double'
}

function withoutLogin(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//')
}

async function untilStopped(cluster: Cluster, stopped: Promise<void>): Promise<number> {
  print(`ready: npm run demo -- --url ${cluster.process('api').url} plays the tour, Ctrl-C ends\n`)
  await stopped
  return 0
}

/** Against each of the APIs: either may serve any ledger. */
async function tour(cluster: Cluster): Promise<number> {
  let result = 0
  for (const { url } of cluster.processes('api')) {
    const child = spawn(process.execPath, [demo, '--url', url], { stdio: 'inherit' })
    await once(child, 'exit')
    result = Math.max(result, child.exitCode ?? 1)
  }
  return result
}

/** No process ends by itself. */
async function firstEnd(cluster: Cluster): Promise<number> {
  const ended = await Promise.race(
    cluster.all().map(async (program) => {
      await program.exited
      return program
    }),
  )
  if (stopping) return 0
  process.stderr.write(`a process has ended:\n${ended.lines.join('\n')}\n`)
  return 1
}

let stopping = false

async function stopAll(cluster: Cluster): Promise<number> {
  stopping = true
  print('stopping\n')
  const codes = await Promise.all(
    cluster.all().map(async (program) => (await program.stop()).code ?? 1),
  )
  return Math.max(...codes)
}

/** Resolves at the first Ctrl-C; more of them change nothing. */
function stopSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve())
  return promise
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`cluster: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
