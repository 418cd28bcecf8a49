import { expect } from 'vitest'
import { partitionOf } from '#adapters/kafka/partitioner.ts'
import { openLog } from '#compose/stores.ts'
import { parseConfig } from '#config.ts'
import { ledgerOfStream } from '#events/stream-names.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import { type Record, recordsOf } from '#test/adapters/kafka/topics.ts'
import { until } from '#test/faults/distributed-cluster.ts'
import type { Cluster } from '#test/support/cluster.ts'
import type { Settings } from '#test/support/program.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

const relayedMsMax = 60_000
const pageEvents = 1_000

/**
 * Each partition of the topic, without repetitions, holds the log of its ledgers, byte for byte and in the log's order.
 * `kafkaUrl` is where to look for it, past any proxy.
 */
export async function expectTopicIsLog(cluster: Cluster, kafkaUrl: string): Promise<void> {
  const log = await ledgerEvents(cluster.settings)
  const last = log.at(-1)?.position ?? -1n
  await until(() => isRelayed(cluster, last), relayedMsMax)
  const records = await recordsOf(kafkaUrl, topicOf(cluster.settings))
  const partitions = Number(cluster.settings['DAYBOOK_KAFKA_PARTITIONS'])
  for (let partition = 0; partition < partitions; partition += 1) {
    const logged = log.filter((event) => partitionOf(ledgerOf(event), partitions) === partition)
    const relayed = withoutRepetitions(records.filter((each) => each.partition === partition))
    // What was appended after the log was read may be there, too.
    expect(relayed.slice(0, logged.length)).toEqual(logged.map(lineOf))
  }
}

/** The topic of a cluster. */
export function topicOf(settings: Settings): string {
  return `${settings['DAYBOOK_NAMESPACE'] ?? 'daybook'}.events`
}

/** All events of all ledgers, in the log's order. */
async function ledgerEvents(settings: Settings): Promise<readonly StoredEvent[]> {
  await using store = await openLog(parseConfig(settings), recordingLogger().logger)
  const events: StoredEvent[] = []
  for (let after: bigint | undefined; ; ) {
    const page = await store.readAll(after, pageEvents)
    if (page.length === 0) break
    events.push(...page.filter(({ stream }) => ledgerOfStream(stream) !== undefined))
    after = page.at(-1)?.position
  }
  return events
}

async function isRelayed(cluster: Cluster, position: bigint): Promise<boolean> {
  const response = await fetch(`${cluster.process('relay').url}/v1/relay`)
  const { data } = JSON.parse(await response.text())
  return BigInt(data?.position ?? -1) >= position
}

/** What a record says and where; the same thing said again is left out, and nothing else is ever said of a place. */
function withoutRepetitions(records: readonly Record[]): readonly string[] {
  const said = new Map<string, string>()
  for (const { key, headers, value } of records) {
    const place = `${String(key)} ${String(headers?.['revision'])}`
    const line = `${place} ${String(value)}`
    expect(said.get(place) ?? line).toBe(line)
    said.set(place, line)
  }
  return [...said.values()]
}

function lineOf(event: StoredEvent): string {
  return `${ledgerOf(event)} ${event.revision} ${event.json}`
}

function ledgerOf({ stream }: StoredEvent): string {
  const ledgerId = ledgerOfStream(stream)
  if (ledgerId === undefined) throw new Error(`${stream} is no ledger's`)
  return ledgerId
}
