import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openSqliteEventStore } from '#adapters/sqlite/event-store.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import { everything } from '#test/contracts/event-store.ts'
import type { AppenderLine } from '#test/faults/event-store-appender.ts'

/** A data folder for the time of a test. */
export function aFolder(): { folder: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-fault-'))
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

/** An appender in a process of its own, as far as ready; `lines` fills while it runs. `under` is a command to run it with. */
export async function startAppender(
  [folder, name, streams]: readonly [folder: string, name: string, streams: number],
  under: readonly string[] = [],
) {
  const script = join(import.meta.dirname, 'event-store-appender.ts')
  const [command, ...args] = [...under, process.execPath, script, folder, name, `${streams}`]
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines: AppenderLine[] = []
  const ended = once(child, 'close')
  const output = createInterface({ input: child.stdout })
  const ready = once(output, 'line')
  output.on('line', (line) => lines.push(JSON.parse(line)))
  await Promise.race([ready, ended])
  return { child, lines, begin: () => child.stdin.write('begin\n'), ended }
}

export async function kill(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}

/** The appends of which an appender said this. */
export function appendsSaid(lines: readonly AppenderLine[], outcome: string): string[] {
  return lines.flatMap((line) =>
    'outcome' in line && line.outcome === outcome ? [line.batch] : [],
  )
}

/**
 * All of a log once it is opened again, checked for what must hold whatever happened: revisions without gaps,
 * and every append whole. Answers the appends it found.
 */
export async function soundAppends(folder: string): Promise<Set<string>> {
  await using store = await openSqliteEventStore({ folder })
  const sizes = new Map<string, { found: number; size: number }>()
  const next = new Map<string, bigint>()
  for (const event of await everything(store, undefined, 1_000)) {
    if (event.revision !== (next.get(event.stream) ?? 0n))
      throw new Error(`a gap before ${event.stream} ${event.revision}`)
    next.set(event.stream, event.revision + 1n)
    const { batch, size } = appendOf(event)
    sizes.set(batch, { found: (sizes.get(batch)?.found ?? 0) + 1, size })
  }
  for (const [batch, { found, size }] of sizes)
    if (found !== size) throw new Error(`${batch} is there ${found} times of ${size}`)
  return new Set(sizes.keys())
}

function appendOf({ json }: StoredEvent): { batch: string; size: number } {
  return JSON.parse(json)
}
