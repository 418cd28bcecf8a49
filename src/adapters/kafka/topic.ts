import kafkajs, { type Admin } from 'kafkajs'
import { openClient } from '#adapters/kafka/client.ts'
import { brokerNames, type KafkaConnection } from '#adapters/kafka/connection.ts'
import { within } from '#adapters/kafka/within.ts'
import type { Logger } from '#ports/logger.ts'

/** An admin act waits no longer for the broker. */
const adminTimeoutMs = 10_000
const closeTimeoutMs = 2_000
/** A topic that was created a moment ago is not known to every broker at once. */
const describeTries = 20
const describeDelayMs = 100

/** With so many replicas, two have to hold an event before it counts as published. */
const replicasForTwoInSync = 3

export type TopicParts = {
  readonly connection: KafkaConnection
  readonly topic: string
  readonly logger: Logger
}

/** What the topic is to be like; of an existing one it is only checked. */
export type TopicWanted = TopicParts & {
  /** Fixed for the topic's life: with another number, ledgers would change partition and lose their order. */
  readonly partitions: number
  readonly replicationFactor: number
}

/** `warnings`: a sentence for each setting of the topic that could lose events or isn't as wanted. */
export type TopicState = { readonly partitions: number; readonly warnings: readonly string[] }

/**
 * Creates the topic where there is none, keeping events for ever; checks and logs what an existing one is like and
 * changes nothing of it. The existing number of partitions rules.
 * @throws when the broker can't be reached or refuses.
 */
export async function ensureTopic(wanted: TopicWanted): Promise<TopicState> {
  const { connection, topic, logger } = wanted
  const state = await withAdmin(wanted, async (admin) => {
    if ((await replicasOf(admin, topic)) === undefined) await create(admin, wanted)
    return describeTopic(admin, wanted)
  })
  for (const warning of state.warnings)
    logger.warn({ topic, brokers: brokerNames(connection) }, warning)
  return state
}

/** How many partitions the topic has. @throws where it doesn't exist or has a partition that can't serve. */
export async function partitionCount(parts: TopicParts): Promise<number> {
  const replicas = await withAdmin(parts, (admin) => replicasOf(admin, parts.topic))
  if (replicas === undefined) throw new Error(`Kafka has no topic ${parts.topic}`)
  return replicas.length
}

/** Uses an admin client and closes it for certain. */
export async function withAdmin<Result>(
  { connection, logger }: TopicParts,
  use: (admin: Admin) => Promise<Result>,
): Promise<Result> {
  const client = openClient(connection, logger)
  const admin = client.kafka.admin()
  const what = `Kafka at ${brokerNames(connection)}`
  try {
    const work = admin.connect().then(() => use(admin))
    return await within(work, { what: 'the answer', timeoutMs: adminTimeoutMs })
  } catch (error) {
    throw new Error(`${what}: ${reasonOf(error)}`, { cause: error })
  } finally {
    await within(admin.disconnect(), { what: 'closing', timeoutMs: closeTimeoutMs }).catch(() => {})
    client.discard()
  }
}

type TopicAdmin = Pick<Admin, 'fetchTopicMetadata' | 'describeConfigs'>

/** The number of replicas of each partition; undefined where there is no such topic. */
async function replicasOf(
  admin: TopicAdmin,
  topic: string,
): Promise<readonly number[] | undefined> {
  const answer = await unlessUnknown(admin.fetchTopicMetadata({ topics: [topic] }))
  const found = answer?.topics.find(({ name }) => name === topic)
  return found?.partitions.map(({ replicas }) => replicas.length)
}

/** Undefined where the broker that was asked does not know the topic, or not yet. */
async function unlessUnknown<Result>(answer: Promise<Result>): Promise<Result | undefined> {
  try {
    return await answer
  } catch (error) {
    if (typeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return undefined
    throw error
  }
}

async function create(
  admin: Admin,
  { topic, partitions, replicationFactor, logger }: TopicWanted,
): Promise<void> {
  const inSync =
    replicationFactor >= replicasForTwoInSync ? [{ name: 'min.insync.replicas', value: '2' }] : []
  const configEntries = [
    { name: 'retention.ms', value: '-1' },
    { name: 'retention.bytes', value: '-1' },
    { name: 'cleanup.policy', value: 'delete' },
    ...inSync,
  ]
  const topics = [{ topic, numPartitions: partitions, replicationFactor, configEntries }]
  // `undefined`: it was created, but the broker that was asked for its leaders does not know it yet.
  const created = await unlessUnknown(admin.createTopics({ topics, waitForLeaders: true }))
  if (created) logger.info({ topic, partitions, replicationFactor }, 'topic created')
}

/** What the topic is like that was created a moment ago, by this process or another. */
export async function describeTopic(admin: TopicAdmin, wanted: TopicWanted): Promise<TopicState> {
  const { topic } = wanted
  for (let tried = 1; ; tried += 1) {
    const replicas = await replicasOf(admin, topic)
    const settings = replicas && (await unlessUnknown(settingsOf(admin, topic)))
    if (replicas !== undefined && settings !== undefined) {
      return { partitions: replicas.length, warnings: warningsOf(wanted, replicas, settings) }
    }
    if (tried === describeTries) throw new Error(`the topic ${topic} was created and is not there`)
    await new Promise((resolve) => setTimeout(resolve, describeDelayMs))
  }
}

async function settingsOf(admin: TopicAdmin, topic: string): Promise<ReadonlyMap<string, string>> {
  const configNames = ['retention.ms', 'retention.bytes', 'cleanup.policy', 'min.insync.replicas']
  const asked = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames }
  const { resources } = await admin.describeConfigs({ resources: [asked], includeSynonyms: false })
  const entries = resources.flatMap(({ configEntries }) => configEntries)
  return new Map(entries.map(({ configName, configValue }) => [configName, configValue]))
}

function warningsOf(
  { topic, partitions, replicationFactor }: TopicWanted,
  replicas: readonly number[],
  settings: ReadonlyMap<string, string>,
): readonly string[] {
  const least = Math.min(...replicas)
  const limited = ['retention.ms', 'retention.bytes'].filter((name) => settings.get(name) !== '-1')
  const inSync = Number(settings.get('min.insync.replicas') ?? 1)
  return [
    replicas.length !== partitions &&
      `topic ${topic} has ${replicas.length} partitions, not ${partitions} as configured: it stays so; more of them need a new topic`,
    least < replicationFactor &&
      `topic ${topic} keeps ${least} replicas, not ${replicationFactor} as configured`,
    limited.length > 0 &&
      `topic ${topic} forgets events (${limited.join(' and ')} set): consumers will read them from the event store`,
    settings.get('cleanup.policy') !== 'delete' &&
      `topic ${topic} is compacted (cleanup.policy): it keeps one event per ledger, consumers will read the others from the event store`,
    least >= replicasForTwoInSync &&
      inSync < 2 &&
      `topic ${topic} counts an event as published when one replica has it (min.insync.replicas below 2)`,
  ].filter((warning) => warning !== false)
}

function typeOf(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined
  return Reflect.get(error, 'type') ?? typeOf(error.cause)
}

/** kafkajs puts the reasons of a topic that wasn't created into an error of its own kind. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed'
  const errors: unknown = Reflect.get(error, 'errors')
  return Array.isArray(errors) ? errors.map(reasonOf).join('; ') : error.message
}
