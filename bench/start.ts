import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSqliteBooksCacheWriter, prepareBooksFolder } from '#adapters/sqlite/books-cache.ts'
import { booksFolderName } from '#adapters/sqlite/books-file.ts'
import { openSqliteEventStore } from '#adapters/sqlite/event-store.ts'
import { fillLog } from '#bench/fill-log.ts'
import { startServer } from '#bench/processes.ts'
import { keepBooks } from '#commands/handler/books/book-keeper.ts'
import { LogReader } from '#commands/handler/log-reader.ts'
import { systemPace } from '#ports/pace.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { unopenedLedger } from '#ledger/ledger.ts'

/**
 * What a ledger of so many events costs: folding all of it; a start with nothing kept, which has the keeper fold and keep
 * it first; keeping alone; and a start with kept books. A start is from the program's first instruction to its first
 * answer, with kept books the median of several. A process of its own; prints one line of JSON. Processor time stands
 * beside time, which a busy machine stretches.
 */

const count = Number(process.argv[2] ?? 1_000_000)
const folder = process.argv[3] ?? mkdtempSync(join(tmpdir(), 'daybook-bench-start-'))
const books = join(folder, booksFolderName)
const ledgerId = 'bench-0'
const keptStarts = 3

type Took = { readonly ms: number; readonly cpuMs: number | null }

async function main(): Promise<void> {
  try {
    await fill()
    const fold = await taking(foldAll)
    forget()
    const anew = await firstAnswer()
    forget()
    const keep = await taking(keepAll)
    const kept: Took[] = []
    while (kept.length < keptStarts) kept.push(await firstAnswer())
    const start = kept.toSorted((a, b) => a.ms - b.ms)[Math.floor(keptStarts / 2)]
    const indexBytes = statSync(join(books, 'index.db')).size
    const figures = { events: count, fold, anew, keep, start, indexBytes }
    process.stdout.write(`${JSON.stringify(figures)}\n`)
  } finally {
    if (process.argv[3] === undefined) rmSync(folder, { recursive: true })
  }
}

function forget(): void {
  rmSync(books, { recursive: true, force: true })
}

async function foldAll(): Promise<void> {
  await using store = await openSqliteEventStore({ folder })
  await new LogReader({ store, pace: systemPace }, ledgerId).catchUp(unopenedLedger(ledgerId))
}

async function keepAll(): Promise<void> {
  await using store = await openSqliteEventStore({ folder })
  await prepareBooksFolder(books)
  using cache = openSqliteBooksCacheWriter(books)
  const head = await store.head(ledgerStream(ledgerId))
  if (head === 'no-stream') throw new Error('there is no ledger')
  const logger = { debug() {}, info() {}, warn() {}, error() {} }
  const { signal } = new AbortController()
  await keepBooks({ store, cache, logger }, { ledgerId, upTo: head }, signal)
}

async function taking(work: () => Promise<void>): Promise<Took> {
  const begun = performance.now()
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return { ms: Math.round(performance.now() - begun), cpuMs: Math.round((user + system) / 1_000) }
}

async function fill(): Promise<void> {
  await using store = await openSqliteEventStore({ folder })
  if ((await store.head(ledgerStream(ledgerId))) === 'no-stream') await fillLog(store, count, 1)
}

let commands = 0

/** From the program's start to the answer to its first command. */
async function firstAnswer(): Promise<Took> {
  const begun = performance.now()
  await using server = await startServer('src/main.ts', ['api'], {
    DAYBOOK_DATA: folder,
    DAYBOOK_PORT: '0',
    DAYBOOK_LOG_FORMAT: 'json',
  })
  commands += 1
  await postOnce(
    `${server.url}/v1/ledgers/${ledgerId}/transactions`,
    `start-${process.pid}-${commands}`,
  )
  return { ms: Math.round(performance.now() - begun), cpuMs: cpuMsOf(server.pid) }
}

/** A busy machine may take longer than the server waits on a connection: asked again, with the same key. */
async function postOnce(url: string, key: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const problem = await post(url, key).catch(String)
    if (problem === undefined) return
    if (attempt === 200) throw new Error(problem)
    await sleep(100)
  }
}

/** What kept it from being done. */
async function post(url: string, key: string): Promise<string | undefined> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({
      postings: [{ debit: 'bank:cash', credit: 'users:alice', asset: 'USD/2', amount: '1' }],
    }),
  })
  return response.ok ? undefined : `${response.status} ${await response.text()}`
}

/** Of all threads, as Linux counts it, in hundredths of a second; null on other systems. */
function cpuMsOf(pid: number | undefined): number | null {
  if (process.platform !== 'linux') return null
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return 10 * (Number(fields[11]) + Number(fields[12]))
}

await main()
