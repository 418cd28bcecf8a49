import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { z } from 'zod'
import { openBooks } from '#bench/books.ts'
import { startDaybook } from '#bench/daybook.ts'
import { type Figure, judged, type Measured } from '#bench/figure.ts'
import { waitsAt } from '#bench/groups/visible.ts'
import { endAll, run } from '#bench/processes.ts'
import { warmUpSeconds } from '#bench/settings.ts'
import { findChances } from '#test/support/servers/chances.ts'
import { openSharedServers } from '#test/support/servers/shared-servers.ts'

/**
 * What the way through a real Kafka carries, and how long it takes. A process of its own, which ends what it started
 * when it is ended; prints the figures as one line of JSON, or why there are none.
 */

const settings = z.object({
  ask: z.enum(['throughput', 'visible']),
  seconds: z.number(),
  events: z.number(),
})

type Settings = z.infer<typeof settings>

const throughputs = z.object({
  events: z.number(),
  produced: z.number(),
  relayed: z.number(),
  consumed: z.number(),
  projected: z.number(),
})

const clients = 8
const pauseMs = 20

async function measure(given: Settings): Promise<Measured> {
  const chances = await findChances()
  if ('unavailable' in chances.kafka)
    return { unavailable: `no Kafka: ${chances.kafka.unavailable}` }
  await using servers = openSharedServers(chances)
  const { url } = await servers.kafka()
  return await (given.ask === 'throughput' ? throughput(url, given) : visibility(url, given))
}

async function throughput(url: string, { events }: Settings): Promise<readonly Figure[]> {
  const printed = await run('bench/relay.ts', [JSON.stringify({ url, events })])
  const rates = throughputs.parse(JSON.parse(printed))
  const of = `${rates.events.toLocaleString('en-US')} events of 64 ledgers, 12 partitions`
  return [
    judged({
      name: 'relay',
      what: `relay from the log in SQLite to Kafka, ${of}`,
      value: rates.relayed,
      unit: 'events/s',
      limit: {
        what: 'bare kafkajs producer of the same messages, 500 a send',
        value: rates.produced,
      },
    }),
    judged({
      name: 'projector',
      what: `projector from Kafka to all read models in SQLite, ${of}`,
      value: rates.projected,
      unit: 'events/s',
      limit: { what: 'bare kafkajs consumer of the same messages', value: rates.consumed },
    }),
  ]
}

/** From a command's answer to the first balance that shows it, by way of Kafka and without it. */
async function visibility(kafka: string, given: Settings): Promise<readonly Figure[]> {
  const through = await waitsWith(kafka, given)
  const direct = await waitsWith('log', given)
  const what = (share: string) =>
    `${share} from a command's answer to a balance that shows it, through Kafka, ${clients} clients`
  const limitOf = (value: number) => ({ what: 'the projector following the log itself', value })
  return [
    judged({
      name: 'visible-kafka-p50',
      what: what('p50'),
      value: through.p50Ms,
      unit: 'ms',
      limit: limitOf(direct.p50Ms),
    }),
    judged({
      name: 'visible-kafka-p99',
      what: what('p99'),
      value: through.p99Ms,
      unit: 'ms',
      limit: limitOf(direct.p99Ms),
    }),
  ]
}

async function waitsWith(feed: string, { seconds }: Settings) {
  await using daybook = await startDaybook({
    environment: {
      DAYBOOK_FEED: feed,
      DAYBOOK_NAMESPACE: `bench-${randomBytes(4).toString('hex')}`,
    },
  })
  await openBooks(daybook)
  await waitsAt(daybook, { clients, pauseMs, seconds: warmUpSeconds, run: 'warm' })
  return await waitsAt(daybook, { clients, pauseMs, seconds, run: 'counted' })
}

for (const name of ['SIGTERM', 'SIGINT'] as const)
  process.once(name, () => {
    void endAll().finally(() => process.exit(1))
  })

const measured = await measure(settings.parse(JSON.parse(process.argv[2] ?? '{}')))
process.stdout.write(`${JSON.stringify(measured)}\n`)
