import process from 'node:process'
import type { Finding, OwnFinding, StoreFinding } from '#cli/audit/finding.ts'
import { LedgerAudit } from '#cli/audit/ledger-audit.ts'
import { auditReadModel } from '#cli/audit/read-model-audit.ts'
import { openExistingLogAsIs } from '#cli/existing-log.ts'
import { allPages, ledgerHead, ledgerPages } from '#cli/log-pages.ts'
import { ledgerOption } from '#cli/options.ts'
import { printable } from '#cli/printable.ts'
import { openProgress, type Progress } from '#cli/progress.ts'
import type { Subcommand } from '#cli/subcommand.ts'
import { requireServing } from '#compose/dependencies.ts'
import { openReadModels } from '#compose/stores.ts'
import { ledgerOfStream, ledgerStream, projectionsStream } from '#events/stream-names.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { ReadModels } from '#ports/read-models.ts'
import { allProjections } from '#projections/all-projections.ts'
import type { Projection } from '#projections/projection.ts'
import { type ActLog, readActLog, type Skips } from '#projections/runtime/act-log.ts'
import { servingModels } from '#projections/runtime/live-models.ts'
import type { LedgerId } from '#values/ids.ts'

/** Audits the log by an implementation of its own, and the read models by the log. */
export const verifyBooks: Subcommand = {
  name: 'verify-books',
  summary: 'audit every event and every read model, independently of the program',
  positionals: [],
  options: {
    ledger: { value: 'LEDGER', help: 'only this ledger' },
    json: { help: 'print one JSON object instead of lines' },
  },
  notes: [
    'Every event is checked by a second implementation of the rules of the books: bytes and ids, order and time, keys and references, balances, limits, holds and reversals. Then every document of every read model is compared with the fold of the log up to what the model has applied; a note names the read models of which nothing serves, so that there was nothing to compare. Where all ledgers are audited, the file of the read models on SQLite is read as a whole, too: for damage, and for tables, indexes and triggers that are not those of the program; on MongoDB, for such indexes. A server may be running.',
    'Exit code 0: nothing was found. 1: there are findings.',
  ],
  logsTo: 2,

  async run({ arguments: given, config, logger }) {
    await using store = await openExistingLogAsIs(config, logger)
    await using readModels = await openReadModels(config)
    await requireServing(config, { 'read-models': () => readModels.check() })
    const only = ledgerOption(given)
    const ledgers = only === undefined ? await ledgersIn(store) : [only]
    const report = new Report(given.flags.has('json'))
    const acts = await readActLog(store)
    const served = await servingModels(readModels, allProjections)
    const models = { store, readModels, skips: acts, served, report }
    for (const ledgerId of ledgers) {
      await auditLog({ store, ledgerId, report })
      await auditModels({ ...models, ledgerId })
    }
    if (only === undefined) {
      await auditStrangers(models, ledgers)
      await auditStore(models)
    }
    auditActs(acts, report)
    noteSkips(acts, ledgers, report)
    noteUnserved(served, report)
    report.end(ledgers.length)
    return report.findings === 0 ? 0 : 1
  },
}

type Found = Finding | OwnFinding | StoreFinding

/** Counts, and prints findings as they are found, or all of them at the end. */
class Report {
  events = 0
  documents = 0
  findings = 0
  readonly #json: boolean
  readonly #kept: Found[] = []
  readonly #notes: string[] = []

  constructor(json: boolean) {
    this.#json = json
  }

  add(finding: Found): void {
    this.findings += 1
    if (this.#json) this.#kept.push(finding)
    else process.stdout.write(`${printable(lineOf(finding))}\n`)
  }

  /** What is as it should be, and yet has to be known. */
  note(text: string): void {
    if (this.#json) this.#notes.push(text)
    else process.stdout.write(`note: ${printable(text)}\n`)
  }

  end(ledgers: number): void {
    const { events, documents, findings } = this
    const notes = this.#notes.length > 0 && { notes: this.#notes }
    const text = this.#json
      ? JSON.stringify({ ledgers, events, documents, findings: this.#kept, ...notes })
      : `ledgers ${ledgers}, events ${events}, documents ${documents}, findings ${findings}`
    process.stdout.write(`${text}\n`)
  }
}

type Audited = { readonly ledgerId: LedgerId; readonly report: Report }

function lineOf(finding: Found): string {
  if (finding.rule === 'read-models') return `${finding.rule}: ${finding.detail}`
  const { revision, rule, detail } = finding
  const where = 'stream' in finding ? finding.stream : finding.ledgerId
  return `${where}${revision === undefined ? '' : ` revision ${revision}`}: ${rule}: ${detail}`
}

async function auditLog(parts: Audited & { readonly store: EventStore }): Promise<void> {
  const { store, ledgerId, report } = parts
  const audit = new LedgerAudit(ledgerId, async (revision) => {
    const [event] = await store.readStream(ledgerStream(ledgerId), revision, 1)
    return event?.json
  })
  const total = Number(await ledgerHead(store, ledgerId)) + 1
  using progress = openProgress(`auditing ${ledgerId}`, total)
  let events = 0
  for await (const page of ledgerPages(store, ledgerId)) {
    for (const event of page) for (const finding of await audit.see(event)) report.add(finding)
    events += page.length
    progress.show(events, `${events} events`)
  }
  for (const finding of audit.finish()) report.add(finding)
  report.events += events
}

type Models = {
  readonly store: EventStore
  readonly readModels: ReadModels
  readonly skips: Skips
  /** The versions that answer queries. */
  readonly served: readonly Projection[]
  readonly report: Report
}

async function auditModels(parts: Audited & Models): Promise<void> {
  const { report, served, ...reading } = parts
  for (const projection of served) {
    using progress: Progress = openProgress(`comparing ${parts.ledgerId} ${projection.name}`, 0)
    const compared = (documents: number) => {
      report.documents += documents
      progress.show(0, `${report.documents} documents`)
    }
    for await (const finding of auditReadModel({ ...reading, projection }, compared))
      report.add(finding)
  }
}

/** Ledgers that a read model has and the log does not. */
async function auditStrangers(
  { store, readModels, served, report }: Models,
  ledgers: readonly LedgerId[],
): Promise<void> {
  const known = new Set(ledgers)
  for (const projection of served) {
    const applied = (await readModels.checkpoints(projection)).keys()
    for (const ledgerId of new Set([...applied, ...(await readModels.ledgers(projection))]))
      if (!known.has(ledgerId) && (await store.head(ledgerStream(ledgerId))) === 'no-stream')
        report.add({ ledgerId, rule: 'read-model', detail: `${projection.name}: not in the log` })
  }
}

/** What no document shows: damage that nothing was read of, an index that is missing, a trigger. */
async function auditStore({ readModels, report }: Models): Promise<void> {
  for (const fault of await readModels.faults(allProjections))
    report.add({ rule: 'read-models', detail: fault })
}

/** Of which ledger a damaged act was can't be told: it is a finding whichever is asked for. */
function auditActs({ damaged }: ActLog, report: Report): void {
  for (const { place, damage: detail } of damaged)
    report.add({ stream: projectionsStream, revision: place.toString(), rule: 'acts', detail })
}

/** What people had skipped is no finding: it is told, with who did it. */
function noteSkips({ skips }: ActLog, ledgers: readonly LedgerId[], report: Report): void {
  for (const { projection, ledgerId, revision, actor, reason } of skips)
    if (ledgers.includes(ledgerId))
      report.note(
        `${ledgerId} revision ${revision}: ${projection} goes past it: ${actor}: ${reason}`,
      )
}

/** Read models of which nothing serves, so that none of their documents could be compared. */
function noteUnserved(served: readonly Projection[], report: Report): void {
  const names = new Set(served.map(({ name }) => name))
  const unserved = allProjections.filter(({ name }) => !names.has(name))
  if (unserved.length === 0) return
  const list = unserved.map(({ name }) => name).join(', ')
  report.note(`nothing serves of ${list}: there was nothing to compare with the log`)
}

async function ledgersIn(store: EventStore): Promise<readonly LedgerId[]> {
  const ledgers = new Set<LedgerId>()
  for await (const page of allPages(store))
    for (const { stream } of page) ledgers.add(ledgerOfStream(stream) ?? '')
  return [...ledgers].toSorted()
}
