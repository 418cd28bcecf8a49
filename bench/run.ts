import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { asOf } from '#bench/as-of.ts'
import { openBooks } from '#bench/books.ts'
import { distributed } from '#bench/distributed.ts'
import { type Limit, print, printRatio } from '#bench/print.ts'
import { run, type Server, startServer } from '#bench/processes.ts'
import { sqliteInsertsPerSecond } from '#bench/sqlite-limit.ts'

const seconds = Number(process.env['BENCH_SECONDS'] ?? 5)
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3)
const asOfEntries = Number(process.env['BENCH_AS_OF_ENTRIES'] ?? 1_000_000)
const batch = 100

const measured = z.object({
  perSecond: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  statuses: z.record(z.string(), z.number()),
})

type Measured = z.infer<typeof measured>

const footprint = z.object({
  bareKey: z.number(),
  keptKey: z.number(),
  key: z.number(),
  account: z.number(),
  balance: z.number(),
  hold: z.number(),
})

const took = z.object({ ms: z.number(), cpuMs: z.number().nullable() })

const started = z.object({
  events: z.number(),
  fold: took,
  keep: took,
  start: took,
  indexBytes: z.number(),
})

let runs = 0

async function main(): Promise<void> {
  const [cpu] = cpus()
  print(
    `${cpus().length} × ${cpu?.model ?? 'cpu'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
  )
  print(`${rounds} rounds of ${seconds} s each, in turn; medians\n`)
  const folder = mkdtempSync(join(tmpdir(), 'daybook-bench-'))
  try {
    await using bare = await startServer('bench/bare-express.ts', [])
    await using daybook = await startServer('src/main.ts', ['start'], {
      DAYBOOK_DATA: folder,
      DAYBOOK_PORT: '0',
      DAYBOOK_LOG_FORMAT: 'json',
    })
    await openBooks(daybook)
    await singles(bare, daybook)
    await batches(daybook)
    await memory()
    await asOf(asOfEntries)
    await start()
    await distributed()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function singles(bare: Server, daybook: Server): Promise<void> {
  const limit: Measured[] = []
  const own: Measured[] = []
  await load(daybook, { connections: 64, batch: 1, seconds: 2 })
  await load(bare, { connections: 64, batch: 1, seconds: 2 })
  for (let round = 0; round < rounds; round += 1) {
    limit.push(await load(bare, { connections: 64, batch: 1, seconds }))
    own.push(await load(daybook, { connections: 64, batch: 1, seconds }))
  }
  report('single durable POST …/transactions, 64 connections', own, {
    name: 'bare Express + zod',
    perSecond: median(limit.map((figure) => figure.perSecond)),
  })
}

async function batches(daybook: Server): Promise<void> {
  const limit: number[] = []
  const own: Measured[] = []
  const json = await newestEvent(daybook)
  for (let round = 0; round < rounds; round += 1) {
    limit.push(sqliteInsertsPerSecond(Math.min(seconds, 3), batch, json))
    own.push(await load(daybook, { connections: 16, batch, seconds }))
  }
  report(`transactions in independent batches of ${batch}, 16 connections`, own, {
    name: `SQLite's durable inserts, ${batch} a commit`,
    perSecond: median(limit),
  })
}

async function memory(): Promise<void> {
  const bytes = footprint.parse(JSON.parse(await run('bench/memory.ts', [])))
  print('memory of the books, bytes each')
  print(
    `  idempotency key ${bytes.key}, ${bytes.keptKey} once kept, account ${bytes.account}, balance ${bytes.balance}, open hold ${bytes.hold}`,
  )
  print(`  limit    ${bytes.bareKey} (a bare Map's entry for such a key)`)
  print(`  ratio    ${(bytes.key / bytes.bareKey).toFixed(2)} per key\n`)
}

async function start(): Promise<void> {
  const events = process.env['BENCH_START_EVENTS'] ?? '1000000'
  const output = await run('bench/start.ts', [events])
  const { fold, keep, start: first, ...rest } = started.parse(JSON.parse(output))
  print(`a ledger of ${rest.events} events`)
  print(`  its log folded       ${inTime(fold)}`)
  print(
    `  its books kept       ${inTime(keep)}, ${Math.round(rest.indexBytes / rest.events)} bytes an event`,
  )
  print(`  start to first answer with them ${inTime(first)}\n`)
}

function inTime({ ms, cpuMs }: z.infer<typeof took>): string {
  return `${ms} ms, ${cpuMs ?? '?'} ms of a processor`
}

function report(what: string, own: readonly Measured[], limit: Limit): void {
  const perSecond = median(own.map((figure) => figure.perSecond))
  const p99 = median(own.map((figure) => figure.p99Ms))
  print(what)
  const answers = JSON.stringify(own.at(-1)?.statuses)
  printRatio(perSecond, limit, `, p99 ${p99.toFixed(1)} ms, answers ${answers}`)
}

async function load(
  server: Server,
  shape: { readonly connections: number; readonly batch: number; readonly seconds: number },
): Promise<Measured> {
  runs += 1
  const settings = JSON.stringify({ ...shape, url: server.url, run: `run-${runs}` })
  return measured.parse(JSON.parse(await run('bench/load.ts', [settings])))
}

async function newestEvent(server: Server): Promise<string> {
  const response = await fetch(`${server.url}/v1/ledgers/bench/events/3`)
  const { data } = z.object({ data: z.unknown() }).parse(await response.json())
  return JSON.stringify(data)
}

function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

await main()
