import { z } from 'zod'
import { deposit, openBooks } from '#bench/books.ts'
import { inTurn, load, median, rate } from '#bench/clients.ts'
import { startDaybook } from '#bench/daybook.ts'
import { type Figure, judged } from '#bench/figure.ts'
import type { Server } from '#bench/processes.ts'
import { type Settings, warmUpSeconds } from '#bench/settings.ts'
import { sqliteInsertsPerSecond } from '#bench/sqlite-limit.ts'

const size = 100
const connections = 16
const limitSecondsMax = 3

/** Transactions in independent batches, beside SQLite's own inserts of the same bytes. */
export async function measure({ seconds, rounds }: Settings): Promise<readonly Figure[]> {
  await using daybook = await startDaybook()
  await openBooks(daybook)
  const json = await eventAt(daybook, await deposit(daybook, 'first'))
  const asking = { request: 'batch', size } as const
  await load(daybook, { asking, connections, seconds: warmUpSeconds })
  const [limit, own] = await inTurn(
    rounds,
    () => sqliteInsertsPerSecond(Math.min(seconds, limitSecondsMax), size, json),
    () => load(daybook, { asking, connections, seconds }),
  )
  return [
    judged({
      name: 'batches',
      what: `transactions in independent batches of ${size}, ${connections} connections`,
      value: rate(own),
      unit: 'transactions/s',
      limit: {
        what: `SQLite's durable inserts of such events, ${size} a commit`,
        value: median(limit),
      },
      target: { of: 'value', atLeast: 50_000 },
    }),
  ]
}

async function eventAt(server: Server, revision: string): Promise<string> {
  const response = await fetch(`${server.url}/v1/ledgers/bench/events/${revision}`)
  const { data } = z.object({ data: z.unknown() }).parse(await response.json())
  return JSON.stringify(data)
}
