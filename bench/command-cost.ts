import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { openBooks } from '#bench/books.ts'
import { load, median, rate } from '#bench/clients.ts'
import { cpuSecondsOfThreads } from '#bench/cpu-time.ts'
import { startDaybook, temporaryFolder } from '#bench/daybook.ts'
import type { Asking } from '#bench/load/requests.ts'
import { run, type Server, startServer } from '#bench/processes.ts'
import { type Settings, warmUpSeconds } from '#bench/settings.ts'

const catchUpSecondsMax = 120

/** How a server is loaded. Events that share a commit in `logCommit` and `modelsCommit`: more than ever do. */
export type Load = {
  readonly asking: Asking
  readonly connections: number
  readonly ledgers: number
  readonly logCommit: number
  readonly modelsCommit: number
}

/** Processor time, in microseconds a command. */
export type Cost = {
  readonly perSecond: number
  readonly clients: number
  /** Of the server, by thread. */
  readonly threads: ReadonlyMap<string, number>
}

/** What `SQLite` takes of it at least, in microseconds an event: for the log, and for the read models. */
export type Floor = { readonly log: number; readonly models: number }

export function serverCost({ threads }: Cost): number {
  return threads.values().reduce((sum, each) => sum + each, 0)
}

/** Bare Express, which answers the same requests with a constant. */
export async function costOfExpress(how: Load, settings: Settings): Promise<Cost> {
  await using server = await startServer('bench/bare-express.ts', [])
  return await costOf(server, how, settings)
}

/** The program, whole; and SQLite alone with the rows that the program has stored. */
export async function costOfDaybook(
  how: Load,
  settings: Settings,
): Promise<{ readonly cost: Cost; readonly floor: Floor }> {
  using folder = temporaryFolder()
  const cost = await loaded(folder.path, how, settings)
  return { cost, floor: await floorOf(folder.path, how) }
}

async function loaded(folder: string, how: Load, settings: Settings): Promise<Cost> {
  await using daybook = await startDaybook({ folder })
  for (let index = 0; index < how.ledgers; index += 1)
    await openBooks(daybook, ledgerOf(how, index))
  return await costOf(daybook, how, settings, () => caughtUp(daybook))
}

/** As `load/requests.ts` names them. */
function ledgerOf({ ledgers }: Load, index: number): string {
  return ledgers === 1 ? 'bench' : `bench-${index.toString().padStart(3, '0')}`
}

/** What a command leaves to be done belongs to it: each round begins and ends once all `isDone`. */
async function costOf(
  server: Server,
  how: Load,
  { seconds, rounds }: Settings,
  isDone: () => Promise<void> = async () => {},
): Promise<Cost> {
  const { asking, connections } = how
  await load(server, { asking, connections, seconds: warmUpSeconds })
  const taken: Cost[] = []
  for (let round = 0; round < rounds; round += 1) {
    await isDone()
    taken.push(await roundOf(server, how, { seconds, isDone }))
  }
  const names = new Set(taken.flatMap(({ threads }) => [...threads.keys()]))
  const threadOf = (name: string) => median(taken.map(({ threads }) => threads.get(name) ?? 0))
  return {
    perSecond: median(taken.map(({ perSecond }) => perSecond)),
    clients: median(taken.map(({ clients }) => clients)),
    threads: new Map([...names].map((name) => [name, threadOf(name)])),
  }
}

async function roundOf(
  server: Server,
  { asking, connections }: Load,
  { seconds, isDone }: { readonly seconds: number; readonly isDone: () => Promise<void> },
): Promise<Cost> {
  const before = threadsOf(server)
  const answered = await load(server, { asking, connections, seconds })
  await isDone()
  const after = threadsOf(server)
  const size = asking.request === 'batch' ? asking.size : 1
  const commands = size * Object.values(answered.statuses).reduce((sum, count) => sum + count, 0)
  const each = (used: number) => (used * 1e6) / commands
  const threads = [...after].map(
    ([name, used]) => [name, each(used - (before.get(name) ?? 0))] as const,
  )
  return {
    perSecond: rate([answered]),
    clients: each(answered.cpuSeconds),
    threads: new Map(threads),
  }
}

function threadsOf({ pid }: Server): ReadonlyMap<string, number> {
  const threads = cpuSecondsOfThreads(pid)
  if (threads === undefined) throw new Error('this system does not say what a thread has used')
  return threads
}

const projections = z.object({ data: z.array(z.object({ lagEvents: z.number() })) })

/** Resolves once all read models hold all that was accepted. */
async function caughtUp({ url }: Server): Promise<void> {
  for (let tries = 0; tries < 10 * catchUpSecondsMax; tries += 1) {
    const response = await fetch(`${url}/v1/projections`)
    const { data } = projections.parse(await response.json())
    if (data.every(({ lagEvents }) => lagEvents === 0)) return
    await sleep(100)
  }
  throw new Error(`the read models are behind ${catchUpSecondsMax} seconds after the last command`)
}

/** So many of the newest events are stored again. */
const eventsAgain = 20_000

const storedSchema = z.object({ microseconds: z.number(), rows: z.number() })
const floorSchema = z.object({ log: storedSchema, models: storedSchema })

async function floorOf(from: string, { ledgers, logCommit, modelsCommit }: Load): Promise<Floor> {
  using to = temporaryFolder()
  const inLedger = (events: number) => Math.max(1, Math.round(events / ledgers))
  const given = {
    from,
    to: to.path,
    revisions: inLedger(eventsAgain),
    logCommit: inLedger(logCommit),
    modelsCommit: inLedger(modelsCommit),
  }
  const printed = await run('bench/sqlite-rows.ts', [JSON.stringify(given)])
  const { log, models } = floorSchema.parse(JSON.parse(printed))
  return { log: log.microseconds / log.rows, models: models.microseconds / log.rows }
}
