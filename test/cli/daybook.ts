import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'

export type Ran = {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export type Run = {
  /** The working folder; the data is in its `data`. */
  readonly folder: string
  readonly settings?: Readonly<Record<string, string>>
  readonly input?: string
}

const root = join(import.meta.dirname, '../..')
const main = join(root, 'src/main.ts')

/** Runs `daybook` with these arguments, as a user does, to its end. */
export async function daybook(given: readonly string[], run: Run): Promise<Ran> {
  const child = spawnDaybook(given, run)
  const closed = once(child, 'close')
  child.stdin?.end(run.input ?? '')
  const read = (stream: ChildProcess['stdout']) => (stream === null ? '' : text(stream))
  const [stdout, stderr] = await Promise.all([read(child.stdout), read(child.stderr)])
  await closed
  return { code: child.exitCode, signal: child.signalCode, stdout, stderr }
}

/** Starts `daybook`; the caller reads and ends it. */
export function spawnDaybook(given: readonly string[], { folder, settings }: Run): ChildProcess {
  return spawn(process.execPath, [main, ...given], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: join(tmpdir(), 'daybook-test-compile-cache'),
      DAYBOOK_DATA: join(folder, 'data'),
      DAYBOOK_PORT: '0',
      ...settings,
    },
  })
}

/** A row of an import, or several, as NDJSON. */
export function ndjson(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}

/** Rows that open the ledger `acme` with a bank and an equity account; euros. */
export const openingRows = [
  { command: 'OpenLedger', ledgerId: 'acme', name: 'Acme', assets: [{ asset: 'EUR/2' }] },
  { command: 'OpenAccount', ledgerId: 'acme', accountId: 'bank', type: 'asset' },
  { command: 'OpenAccount', ledgerId: 'acme', accountId: 'equity', type: 'equity' },
] as const

/** A row that moves cents from equity into the bank. */
export function deposit(amount: string, more: object = {}) {
  const posting = { debit: 'bank', credit: 'equity', asset: 'EUR/2', amount }
  return { command: 'PostTransaction', ledgerId: 'acme', postings: [posting], ...more }
}
