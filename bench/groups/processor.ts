import { availableParallelism } from 'node:os'
import process from 'node:process'
import {
  type Cost,
  costOfDaybook,
  costOfExpress,
  type Floor,
  type Load,
  serverCost,
} from '#bench/command-cost.ts'
import { type Figure, judged, type Measured } from '#bench/figure.ts'
import type { Settings } from '#bench/settings.ts'

const single: Load = {
  asking: { request: 'transaction' },
  connections: 64,
  ledgers: 1,
  logCommit: 64,
  modelsCommit: 200,
}

const batches: Load = {
  asking: { request: 'batch', size: 100 },
  connections: 16,
  ledgers: 1,
  logCommit: 500,
  modelsCommit: 1_000,
}

const overLedgers: Load = {
  ...single,
  asking: { request: 'transaction', ledgers: 100 },
  ledgers: 100,
  logCommit: 100,
}

type Of = {
  readonly name: string
  readonly what: string
  readonly cost: Cost
  readonly floor: Floor
}

/** Where the time of a command goes, and how much of it nobody is spared who stores the same rows. */
export async function measure(settings: Settings): Promise<Measured> {
  if (process.platform !== 'linux')
    return { unavailable: 'only Linux says what each thread has had of the processors' }
  const express = await costOfExpress(single, settings)
  const alone = await measured('single', 'a single transaction', single, settings)
  const batched = await measured('batches', 'a transaction of a batch', batches, settings)
  const spread = await measured('ledgers', 'one in one of 100 ledgers', overLedgers, settings)
  const answering = serverCost(express) + express.clients
  const room = roomFor(answering + stored(alone.floor))
  const bare = { what: 'bare Express', value: express.perSecond }
  return [
    expressFigure(express),
    ...figuresOf(alone),
    roomOf(alone, room, bare),
    coresOf(alone, bare),
    ...figuresOf(batched),
    roomOf(batched, roomFor(batched.cost.clients + stored(batched.floor))),
    coresOf(batched),
    ...figuresOf(spread),
    roomOf(spread, roomFor(answering + stored(spread.floor)), {
      what: 'in one ledger',
      value: room,
    }),
    coresOf(spread, { what: 'in one ledger', value: mainAlone(alone) }),
  ]
}

async function measured(name: string, what: string, how: Load, settings: Settings): Promise<Of> {
  return { name: `processor-${name}`, what, ...(await costOfDaybook(how, settings)) }
}

function stored({ log, models }: Floor): number {
  return log + models
}

/** Commands a second, where each takes so much of all processors together. */
function roomFor(microseconds: number): number {
  return (availableParallelism() * 1e6) / microseconds
}

function expressFigure(express: Cost): Figure {
  return judged({
    name: 'processor-express',
    what: `bare Express and a constant answer; the clients take ${express.clients.toFixed(1)} µs more`,
    value: serverCost(express),
    unit: 'µs',
  })
}

function figuresOf({ name, what, cost, floor }: Of): readonly Figure[] {
  const { main = 0, projector = 0, 'event-log': log = 0 } = Object.fromEntries(cost.threads)
  const whole = serverCost(cost)
  const parts = [
    { part: 'main', value: main },
    {
      part: 'projector',
      value: projector,
      limit: { what: 'SQLite alone, the rows of the read models', value: floor.models },
    },
    { part: 'event-log', value: log, limit: { what: 'SQLite alone, the log', value: floor.log } },
    { part: 'others', value: whole - main - projector - log },
  ]
  return [
    judged({
      name,
      what: `${what}, all threads of the server; the clients take ${cost.clients.toFixed(1)} µs more`,
      value: whole,
      unit: 'µs',
      limit: { what: 'SQLite alone, all of its rows', value: stored(floor) },
    }),
    ...parts.map(({ part, ...figure }) =>
      judged({ name: `${name}-${part}`, what: partsSaid[part] ?? part, unit: 'µs', ...figure }),
    ),
  ]
}

const partsSaid: Readonly<Record<string, string>> = {
  main: 'of it HTTP, decision and answer',
  projector: 'of it the read models',
  'event-log': 'of it the log',
  others:
    'of it garbage collection and compiling, the keeping of books, the write-ahead log carried over',
}

type Limit = { readonly what: string; readonly value: number }

function roomOf({ name, what }: Of, room: number, limit?: Limit): Figure {
  return judged({
    name: `${name}-room`,
    what: `the room for ${what} on all processors`,
    value: room,
    unit: '/s',
    ...(limit && { limit }),
  })
}

function mainAlone({ cost }: Of): number {
  return 1e6 / (cost.threads.get('main') ?? NaN)
}

function coresOf(of: Of, limit?: Limit): Figure {
  return judged({
    name: `${of.name}-cores`,
    what: `what the main thread would carry of ${of.what} if it never had to wait for a processor or for another thread`,
    value: mainAlone(of),
    unit: '/s',
    ...(limit && { limit }),
  })
}
