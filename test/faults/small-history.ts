import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { prepareEventLog } from '#adapters/sqlite/event-log-file.ts'
import { openSqliteEventLogReading } from '#adapters/sqlite/event-log-reading.ts'
import { readModelsFileName } from '#adapters/sqlite/read-models-file.ts'
import { openSqliteReadModels } from '#adapters/sqlite/read-models.ts'
import { auditReadModel } from '#cli/audit/read-model-audit.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { allProjections } from '#projections/all-projections.ts'
import { noSkips } from '#projections/runtime/act-log.ts'
import type { SmallProgramLine } from '#test/faults/small-program.ts'
import { type Attempt, checkHistory } from '#test/support/history-checker.ts'
import { parseLog } from '#test/support/history-checker-events.ts'
import type { EventStore } from '#ports/event-store.ts'
import { compileCache } from '#test/support/program.ts'
import type { JsonObject } from '#values/json.ts'

const env = { ...process.env, NODE_COMPILE_CACHE: compileCache }
const ledgerIds = ['east', 'west']

/** A client of small programs on one data folder, one after the other: what it asked for and what it was told. */
export class SmallHistory {
  readonly data: string
  readonly attempts: Attempt[] = []
  /** What an answer said that an earlier one under the same key had not said. */
  readonly surprises: string[] = []
  #keys = 0

  constructor(data: string) {
    this.data = data
  }

  /**
   * Runs a program that is asked for everything that was never answered, and for as many new groups of commands.
   * Resolves, when it has ended, with whether it did so by itself, and what it said beside its answers.
   */
  async run(groups: number, under: readonly string[] = []): Promise<SmallRun> {
    const unanswered = this.attempts.filter(({ acknowledged }) => acknowledged === undefined)
    const opening = this.attempts.length === 0 ? this.#opening() : []
    const fresh = Array.from({ length: groups }, () => this.#group())
    const script = join(import.meta.dirname, 'small-program.ts')
    const [command, ...args] = [...under, process.execPath, script, this.data]
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env })
    const codes: string[] = []
    let warnings: readonly string[] | undefined
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line: SmallProgramLine = JSON.parse(text)
      if ('ended' in line) warnings = line.warnings
      else codes.push(...this.#note(line))
    })
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    child.stdin.on('error', () => {})
    child.stdin.end(JSON.stringify([...unanswered.map((each) => [each]), ...opening, ...fresh]))
    await once(child, 'close')
    const endedByItself = warnings !== undefined
    return { endedByItself, codes, warnings: warnings ?? [], errors }
  }

  /** Everything in which log and read models contradict each other, themselves, and what was asked and told. */
  async violations(): Promise<readonly string[]> {
    await using store = await openLogAsIs(this.data)
    await using readModels = await openSqliteReadModels({
      path: join(this.data, readModelsFileName),
    })
    const found = [...this.surprises]
    for (const ledgerId of ledgerIds) {
      const own = this.attempts.filter((attempt) => attempt.ledgerId === ledgerId)
      const log = await store.readStream(ledgerStream(ledgerId), 0n, 1_000)
      if (log.length === 1_000) throw new Error('the log is longer than one page')
      found.push(...checkHistory(parseLog(log.map(({ json }) => json)), own))
      for (const projection of log.length === 0 ? [] : allProjections) {
        const audit = auditReadModel(
          { store, readModels, ledgerId, projection, skips: noSkips },
          () => {},
        )
        for await (const { detail } of audit) found.push(`${ledgerId}: ${detail}`)
      }
    }
    return found
  }

  #note(line: Extract<SmallProgramLine, { key: string }>): readonly string[] {
    const attempt = this.attempts.find(({ key }) => key === line.key)
    if (attempt === undefined) throw new Error(`nobody asked for ${line.key}`)
    if (line.status >= 500) return [`${line.status} ${line.code ?? 'once'}`]
    const revision = line.revision === undefined ? undefined : BigInt(line.revision)
    const told = { status: line.status, revision, outcomes: [line.status] }
    const before = attempt.acknowledged
    if (before !== undefined && (before.status !== told.status || before.revision !== revision))
      this.surprises.push(`${line.key} is ${line.status} at ${revision}, and was not so before`)
    attempt.acknowledged = told
    return []
  }

  #opening(): readonly (readonly Attempt[])[] {
    const accounts = ['x:0', 'x:1', 'x:2']
    return [
      ledgerIds.map((ledgerId) =>
        this.#attempt(ledgerId, {
          command: 'OpenLedger',
          ledgerId,
          name: ledgerId,
          assets: [{ asset: 'USD/2' }],
        }),
      ),
      ledgerIds.flatMap((ledgerId) =>
        accounts.map((accountId, index) =>
          this.#attempt(ledgerId, {
            command: 'OpenAccount',
            accountId,
            type: index === 0 ? 'equity' : 'liability',
          }),
        ),
      ),
    ]
  }

  /** A transaction and a hold in one ledger, a refusal and another transaction in the other. */
  #group(): readonly Attempt[] {
    const posting = (amount: string, debit = 'x:0') => ({
      postings: [{ debit, credit: 'x:1', asset: 'USD/2', amount }],
    })
    return [
      this.#attempt('east', { command: 'PostTransaction', ...posting('7') }),
      this.#attempt('east', { command: 'PlaceHold', ...posting('3') }),
      this.#attempt('west', { command: 'PostTransaction', ...posting('900', 'x:2') }),
      this.#attempt('west', { command: 'PostTransaction', ...posting('5') }),
    ]
  }

  #attempt(ledgerId: string, request: JsonObject): Attempt {
    this.#keys += 1
    const key = `key-${this.#keys}`
    const attempt = { ledgerId, key, commands: [{ key, request }], isAtomic: false }
    this.attempts.push(attempt)
    return attempt
  }
}

/** As the auditor wants it: whole, though it only reads. */
async function openLogAsIs(data: string): Promise<EventStore> {
  const reading = await openSqliteEventLogReading(await prepareEventLog(data))
  const closing = reading[Symbol.dispose]
  const refuse = () => Promise.reject(new Error('this log is only read'))
  const rest = { append: refuse, check: refuse, failed: new AbortController().signal }
  return { ...reading, ...rest, [Symbol.asyncDispose]: async () => closing() }
}

/** How a small program ended; `codes` are of answers that say nothing of what was stored. */
export type SmallRun = {
  readonly endedByItself: boolean
  readonly codes: readonly string[]
  readonly warnings: readonly string[]
  readonly errors: string
}
