import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { openSqliteEventStore } from '#adapters/sqlite/event-store.ts'
import type { EventStore } from '#ports/event-store.ts'
import { anEvent } from '#test/contracts/event-store.ts'

/** What a line of this program's output says: it can append, an append's outcome, or that the store has failed. */
export type AppenderLine =
  | { readonly ready: true }
  | {
      readonly outcome: string
      readonly stream: string
      readonly batch: string
      readonly size: number
    }
  | { readonly failed: string }

const eventsMax = 5

/**
 * Appends to its own streams until it is killed or an append fails, says so of each as soon as it knows, and waits
 * for a line of input before it begins. Arguments: data folder, name, number of streams.
 */
async function main([folder = '', name = '', streams = '1']: string[]): Promise<void> {
  const store = await openSqliteEventStore({ folder })
  store.failed.addEventListener('abort', () => say({ failed: String(store.failed.reason) }))
  say({ ready: true })
  await once(process.stdin, 'data')
  process.stdin.unref()
  await Promise.all(
    Array.from({ length: Number(streams) }, (_, index) =>
      appendAlways(store, `ledger-${name}-${index}`),
    ),
  )
  await store[Symbol.asyncDispose]()
}

/** Every event says which append it came with and how many came with it. */
async function appendAlways(store: EventStore, stream: string): Promise<void> {
  let head = await store.head(stream)
  for (let turn = 0; ; turn += 1) {
    const size = 1 + (turn % eventsMax)
    const batch = anEvent().id
    const events = Array.from({ length: size }, () =>
      anEvent({ json: JSON.stringify({ batch, size, pad: 'x'.repeat(400) }) }),
    )
    const outcome = await outcomeOf(store.append(stream, events, head))
    say({ outcome, stream, batch, size })
    if (outcome === 'stored') head = (head === 'no-stream' ? -1n : head) + BigInt(size)
    else if (store.failed.aborted && outcome === 'EventStoreUnavailable') return
  }
}

async function outcomeOf(append: Promise<bigint>): Promise<string> {
  try {
    await append
    return 'stored'
  } catch (error) {
    return error instanceof Error ? error.name : String(error)
  }
}

/** Written before it returns: what was said is said, whenever the process is killed. */
function say(line: AppenderLine): void {
  let left = Buffer.from(`${JSON.stringify(line)}\n`)
  while (left.length > 0) left = left.subarray(written(left))
}

/** How much of it went out: nothing where the reader has not yet taken what was said before. */
function written(bytes: Buffer): number {
  try {
    return writeSync(1, bytes)
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EAGAIN') throw error
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    return 0
  }
}

await main(process.argv.slice(2))
