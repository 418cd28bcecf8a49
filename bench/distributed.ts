import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { z } from 'zod'
import { openBooks } from '#bench/books.ts'
import { run as runScript, type Server, startServer } from '#bench/processes.ts'
import { print, printRatio } from '#bench/print.ts'
import { findChances } from '#test/support/servers/chances.ts'
import { openSharedServers } from '#test/support/servers/shared-servers.ts'

const seconds = Number(process.env['BENCH_SECONDS'] ?? 5)
const events = Number(process.env['BENCH_EVENTS'] ?? 100_000)

const throughputs = z.object({
  produced: z.number(),
  relayed: z.number(),
  consumed: z.number(),
  projected: z.number(),
})

const waits = z.object({ perSecond: z.number(), p50Ms: z.number(), p99Ms: z.number() })
const clients = 8
const pauseMs = 20

/** What the way through a real Kafka carries, and how long it takes; says why where there is none. */
export async function distributed(): Promise<void> {
  const chances = await findChances()
  if ('unavailable' in chances.kafka) return print(`no Kafka: ${chances.kafka.unavailable}\n`)
  await using servers = openSharedServers(chances)
  const { url } = await servers.kafka()
  await throughput(url)
  await visibility(url)
}

async function throughput(url: string): Promise<void> {
  const figures = throughputs.parse(
    JSON.parse(await runScript('bench/relay.ts', [JSON.stringify({ url, events })])),
  )
  print(`relay from SQLite to Kafka, ${events} transactions of 64 ledgers, 12 partitions`)
  printRatio(figures.relayed, {
    name: 'bare kafkajs producer of the same messages, 500 a send, one send at a time',
    perSecond: figures.produced,
  })
  print('projector from Kafka to all read models in SQLite')
  printRatio(figures.projected, {
    name: 'bare kafkajs consumer of the same messages',
    perSecond: figures.consumed,
  })
}

/** From a command's answer to the first balance that shows it, by way of Kafka and without it. */
async function visibility(kafka: string): Promise<void> {
  print(
    `from a command's answer to a balance that shows it, ${clients} clients, ${pauseMs} ms apart`,
  )
  for (const [name, feed] of [
    ['daybook  through Kafka  ', kafka],
    ['limit    the log itself ', 'log'],
  ] as const) {
    const folder = mkdtempSync(join(tmpdir(), 'daybook-bench-'))
    try {
      await using server = await startServer('src/main.ts', ['start'], {
        DAYBOOK_DATA: folder,
        DAYBOOK_PORT: '0',
        DAYBOOK_LOG_FORMAT: 'json',
        DAYBOOK_FEED: feed,
        DAYBOOK_NAMESPACE: `bench-${randomBytes(4).toString('hex')}`,
      })
      await openBooks(server)
      await waitsAt(server, 2)
      const { p50Ms, p99Ms, perSecond } = await waitsAt(server, seconds)
      const rate = Math.round(perSecond)
      print(`  ${name} p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms at ${rate}/s`)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  print('')
}

async function waitsAt({ url }: Server, forSeconds: number): Promise<z.infer<typeof waits>> {
  const run = randomBytes(4).toString('hex')
  const settings = JSON.stringify({ url, clients, seconds: forSeconds, pauseMs, run })
  return waits.parse(JSON.parse(await runScript('bench/visible.ts', [settings])))
}
