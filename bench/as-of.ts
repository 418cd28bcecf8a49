import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { openSqliteReadModelWriter } from '#adapters/sqlite/read-models-writer.ts'
import { openSqliteReadModels } from '#adapters/sqlite/read-models.ts'
import { asOfEvents, asOfLedger, hotAccount, type Order, timesOf } from '#bench/as-of-events.ts'
import { type Figure, judged } from '#bench/figure.ts'
import type { ReadModels, ReadView } from '#ports/read-models.ts'
import { allProjections } from '#projections/all-projections.ts'
import type { LiveModel } from '#projections/runtime/live-models.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import { queries } from '#queries/all-queries.ts'
import type { Query } from '#queries/query.ts'
import { formatTimestamp } from '#values/timestamps.ts'

const everyOrder = ['in order within a day', 'in order over two years', 'at random'] as const
const batchEvents = 5_000
const questionsEach = 100
/** Asked before, and not counted: statements have to be prepared and code compiled. */
const warmUps = 20
const msMax = 50
const used = new Set(['ledgers', 'accounts', 'entries', 'trial-balances', 'commands'])
const begunAt = '2026-01-01T00:00:00.000Z'
const silent = { debug() {}, info() {}, warn() {}, error() {} }

/**
 * Balances and statements as of random moments of an account with so many entries, beside the number of documents read
 * for each, which is the same on every machine. A process of its own; prints its figures as one line of JSON.
 */
async function asOf(entries: number): Promise<void> {
  const figures: Figure[] = []
  for (const order of everyOrder) {
    const folder = mkdtempSync(join(tmpdir(), 'daybook-as-of-'))
    try {
      const path = join(folder, 'read-models.db')
      await fill(path, entries, order)
      await using models = await openSqliteReadModels({ path })
      for (const question of ['effectiveAt', 'recordedAt', 'both', 'statement'] as const)
        figures.push(...(await measure(models, { entries, order, question })))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}

/** As the program builds read models of a log that is there: whole, and findable in the end. */
async function fill(path: string, entries: number, order: Order): Promise<void> {
  await using writer = await openSqliteReadModelWriter({ path })
  const projections: LiveModel[] = []
  for (const projection of allProjections.filter(({ name }) => used.has(name)))
    projections.push({ ...projection, build: await writer.startBuild(projection, begunAt) })
  const store = { readStream: async () => [] }
  const limits = { runEvents: batchEvents, commitDocuments: 4 * batchEvents }
  const projector = createProjector({ projections, writer, store, logger: silent, limits })
  let batch = []
  for (const event of asOfEvents(entries, order)) {
    batch.push(event)
    if (batch.length < batchEvents) continue
    await projector.apply(batch)
    batch = []
  }
  await projector.apply(batch)
  for (const model of projections) await writer.serveBuild(model)
}

type Measured = {
  readonly entries: number
  readonly order: Order
  readonly question: 'effectiveAt' | 'recordedAt' | 'both' | 'statement'
}

async function measure(
  models: ReadModels,
  { entries, order, question }: Measured,
): Promise<readonly Figure[]> {
  const { business, recorded } = timesOf(entries, order)
  const [tookMs, documents]: [number[], number[]] = [[], []]
  for (let count = -warmUps; count < questionsEach; count += 1) {
    const effectiveAt = momentIn(business)
    const recordedAt = momentIn(recorded)
    const asked = {
      effectiveAt: { effectiveAt },
      recordedAt: { recordedAt },
      both: { effectiveAt, recordedAt },
      statement: { from: effectiveAt, asset: 'USD/2' },
    }[question]
    const query = question === 'statement' ? queries.accountStatement : queries.accountBalances
    const begun = performance.now()
    const read = await ask(models, query, { ...asked, accountId: hotAccount })
    if (count < 0) continue
    documents.push(read)
    tookMs.push(performance.now() - begun)
  }
  const name = `as-of-${order.replaceAll(' ', '-')}-${question}`
  const of = `${asks[question]}; ${entries.toLocaleString('en-US')} entries whose business times are ${order}`
  const [p50, p99] = [percentile(tookMs, 0.5), percentile(tookMs, 0.99)]
  return [
    judged({ name: `${name}-p50`, what: `${of}: half within`, value: p50, unit: 'ms' }),
    judged({
      name: `${name}-p99`,
      what: `${of}: 99 of 100 within`,
      value: p99,
      unit: 'ms',
      target: { of: 'value', atMost: msMax },
    }),
    judged({
      name: `${name}-documents`,
      what: `${of}: documents read, at most`,
      value: percentile(documents, 1),
      unit: 'documents',
    }),
  ]
}

const asks = {
  effectiveAt: 'a balance as of a random business time',
  recordedAt: 'a balance as the log had it at a random moment',
  both: 'a balance as of a random business time, as the log had it at a random moment',
  statement: 'a statement from a random business time on, its first 50 lines',
}

/** How many documents were read to answer, the lines of a statement included. */
async function ask(
  models: ReadModels,
  query: Query<unknown>,
  asked: Readonly<Record<string, string>>,
): Promise<number> {
  const ledgerId = asOfLedger
  await using own = await models.view(ledgerId)
  const { view, read } = counted(own)
  const checkpoints = await Promise.all(query.models.map((model) => view.checkpoint(model)))
  const [revision = -1n] = checkpoints.map((each) => each?.revision ?? -1n).toSorted(byNumber)
  const parameters = query.parameters.parse({ ...asked, ledgerId })
  const answer = await query.answer({ view, ledgerId, revision, page: { limit: 50 } }, parameters)
  if (answer.kind === 'refused') throw new Error(answer.detail)
  return read()
}

function counted(view: ReadView): { readonly view: ReadView; readonly read: () => number } {
  let documents = 0
  const counting: ReadView = {
    ...view,
    async get(model, id) {
      documents += 1
      return view.get(model, id)
    },
    async find(model, find) {
      const found = await view.find(model, find)
      documents += found.length
      return found
    },
    async [Symbol.asyncDispose]() {},
  }
  return { view: counting, read: () => documents }
}

function momentIn([from, to]: readonly [number, number]): string {
  return formatTimestamp(Math.floor(from + Math.random() * (to - from))) ?? ''
}

function percentile(figures: readonly number[], share: number): number {
  const sorted = figures.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

function byNumber(a: bigint, b: bigint): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

await asOf(Number(process.argv[2] ?? 1_000_000))
