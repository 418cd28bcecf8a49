import { join } from 'node:path'
import process from 'node:process'
import { csvColumns } from '#cli/import/csv-columns.ts'
import { csvRows } from '#cli/import/csv-rows.ts'
import { type ImportCounts, importRows } from '#cli/import/importer.ts'
import { ndjsonRows } from '#cli/import/ndjson-rows.ts'
import { openRejects } from '#cli/import/rejects.ts'
import type { Row } from '#cli/import/row.ts'
import { openSource, type Source } from '#cli/import/source.ts'
import { choiceOption, ledgerOption } from '#cli/options.ts'
import { copyLog } from '#cli/copy-log.ts'
import {
  isWithoutLog,
  logFileName,
  openExistingLog,
  openExistingSqliteLog,
} from '#cli/existing-log.ts'
import { openProgress, type Progress } from '#cli/progress.ts'
import {
  type Arguments,
  type Shell,
  type StrictJsonParser,
  type Subcommand,
  WrongUsage,
} from '#cli/subcommand.ts'
import { openTemporaryFolder } from '#cli/temporary-folder.ts'
import { openSqliteLog, type SqliteLogSettings } from '#compose/stores.ts'
import { openWriteSide } from '#compose/write-side.ts'
import type { Config } from '#config.ts'
import type { Logger } from '#ports/logger.ts'
import type { LedgerId } from '#values/ids.ts'

const rowsPerChunkMax = 500

/** Brings commands from a file into the books: each row once, however often it is run. */
export const importFile: Subcommand = {
  name: 'import',
  summary: 'post the commands of an NDJSON or CSV file',
  positionals: ['FILE'],
  options: {
    format: {
      value: 'ndjson|csv',
      help: 'what the file is; by default as its name ends, or ndjson',
    },
    ledger: { value: 'LEDGER', help: 'the ledger of rows that name none' },
    batch: { value: 'N', help: `at most N rows at once, 1 to ${rowsPerChunkMax} (the default)` },
    'dry-run': { help: 'decide everything on a copy of the log, and throw that away' },
    rejects: { value: 'REJECTS', help: 'write rows that did not get in to this file, as NDJSON' },
  },
  notes: [
    'FILE may be - for standard input. A row of NDJSON is an item of a batch (see the reference of the API) plus its ledgerId; OpenLedger is a row too.',
    'A row without an idempotencyKey gets import:{sha256 of the file}:{line}: the same file can be imported again and again, and goes on where it was stopped. A file that was changed is another file; give its rows keys of their own if it may grow.',
    `A CSV file has a header. Its columns, in any order: ${Object.entries(csvColumns)
      .map(([name, meaning]) => `${name} (${meaning})`)
      .join(', ')}, metadata.KEY (metadata under that key).`,
    'Exit code 0: every row was accepted, or had been. 1: some were refused or malformed.',
  ],
  logsTo: 2,

  async run(shell) {
    const options = optionsOf(shell.arguments)
    await using source = await openSource(options.path)
    using progress = openProgress('importing', source.bytes)
    using rejects = openRejects(options.rejects, { input: options.path, progress })
    await using target = await openTarget(shell, options.dryRun)
    const counts: ImportCounts = { accepted: 0, replayed: 0, refused: 0, malformed: 0 }
    const rows = rowsOf(shown(source, progress, counts), options, shell.parseStrictJson)
    await importRows(rows, {
      bus: target.bus,
      defaults: {
        ledgerId: options.ledgerId,
        keyOf: (line) => `import:${source.sha256}:${line}`,
      },
      circumstances: circumstancesOf(source),
      rowsMax: options.rowsMax,
      report: rejects.report,
      counts,
    })
    progress[Symbol.dispose]()
    process.stdout.write(`${options.dryRun ? 'dry run: ' : ''}${summary(counts)}\n`)
    return counts.refused + counts.malformed === 0 ? 0 : 1
  },
}

type ImportOptions = {
  readonly path: string
  readonly format: 'ndjson' | 'csv'
  readonly ledgerId: LedgerId | undefined
  readonly rowsMax: number
  readonly dryRun: boolean
  readonly rejects: string | undefined
}

function optionsOf(given: Arguments): ImportOptions {
  const { values, flags, positionals } = given
  const [path = '-'] = positionals
  const usual = /\.csv$/i.test(path) ? 'csv' : 'ndjson'
  const format = choiceOption(given, 'format', ['ndjson', 'csv']) ?? usual
  const ledgerId = ledgerOption(given)
  const batch = values.get('batch') ?? String(rowsPerChunkMax)
  const rowsMax = /^\d{1,3}$/.test(batch) ? Number(batch) : 0
  if (rowsMax < 1 || rowsMax > rowsPerChunkMax)
    throw new WrongUsage(`--batch is a number from 1 to ${rowsPerChunkMax}.`)
  const rejects = values.get('rejects')
  return { path, format, ledgerId, rowsMax, dryRun: flags.has('dry-run'), rejects }
}

/** Everything of one file can be found under one correlation id. */
function circumstancesOf({ sha256 }: Source) {
  const correlationId = `import:${sha256}`
  return { actor: 'daybook:import', correlationId, causationId: correlationId }
}

function rowsOf(
  chunks: AsyncIterable<Buffer>,
  { format, ledgerId }: ImportOptions,
  parseStrictJson: StrictJsonParser,
): AsyncIterable<Row> {
  return format === 'csv' ? csvRows(chunks, ledgerId) : ndjsonRows(chunks, parseStrictJson)
}

async function* shown(source: Source, progress: Progress, counts: ImportCounts) {
  let bytes = 0
  for await (const chunk of source.read()) {
    progress.show(bytes, summary(counts))
    yield chunk
    bytes += chunk.length
  }
}

function summary({ accepted, replayed, refused, malformed }: ImportCounts): string {
  return `accepted ${accepted}, replayed ${replayed}, refused ${refused}, malformed ${malformed}`
}

/** The write side of the log, or of a copy of it. */
async function openTarget({ config, logger }: Shell, dryRun: boolean) {
  await using opening = new AsyncDisposableStack()
  const copy = dryRun ? await copiedLog(config, logger, opening) : undefined
  // Books of a copy are not kept beside those of the log, and what has read the log is ahead of it.
  const apart = copy && { eventStore: copy, dataFolder: copy.folder, readModels: copy }
  const bus = opening.use(await openWriteSide({ ...config, ...apart }, logger))
  const opened = opening.move()
  return { bus, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

async function copiedLog(
  config: Config,
  logger: Logger,
  opening: AsyncDisposableStack,
): Promise<SqliteLogSettings> {
  const { path: folder } = opening.use(await openTemporaryFolder('dry-run'))
  const copy = { engine: 'sqlite', folder } as const
  if (isWithoutLog(config)) return copy
  if (config.eventStore.engine === 'sqlite') {
    await using log = await openExistingSqliteLog(config, logger)
    await log.backup(join(folder, logFileName))
  } else {
    await using log = await openExistingLog(config, logger)
    await using target = await openSqliteLog(copy, logger)
    await copyLog(log, target)
  }
  return copy
}
