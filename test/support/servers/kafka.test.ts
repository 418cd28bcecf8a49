import { Kafka, logLevel, type SASLOptions } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { canMakeCertificates } from '#test/support/servers/certificate.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'
import { type KafkaServer, startKafka } from '#test/support/servers/kafka.ts'
import { startKafkaBehindProxy } from '#test/support/servers/kafka-behind-proxy.ts'
import { aNamespace } from '#test/support/servers/namespace.ts'

describeWith(['kafka'], 'the shared Kafka', (servers) => {
  it('takes records and gives them back', async () => {
    const client = clientOf(servers.kafka().url)
    const topic = await createTopic(client)
    await send(client, topic, ['one', 'two'])
    expect(await receive(client, topic, 2)).toEqual(['one', 'two'])
  })
})

describeWith(['kafka-process'], 'a Kafka of its own', () => {
  it('keeps its records when it is killed', async () => {
    await using kafka = await startKafka()
    const client = clientOf(kafka.url)
    const topic = await createTopic(client)
    await send(client, topic, ['one'])

    await kafka.kill()
    expect(kafka.pid).toBe(0)
    await kafka.restart()
    await send(client, topic, ['two'])

    expect(await receive(client, topic, 2)).toEqual(['one', 'two'])
  })

  it('answers nothing while it is paused', async () => {
    await using kafka = await startKafka()
    const client = clientOf(kafka.url)
    const topic = await createTopic(client)

    kafka.pause()
    setTimeout(() => kafka.resume(), 500)
    const before = performance.now()
    await send(client, topic, ['one'])

    expect(performance.now() - before).toBeGreaterThan(450)
  })
})

describeWith(['kafka-process'], 'a Kafka behind a proxy', () => {
  it('is out of reach for clients when the proxy refuses, and only for them', async () => {
    await using behind = await startKafkaBehindProxy()
    const client = clientOf(behind.url)
    const topic = await createTopic(client)
    await send(client, topic, ['one'])

    await behind.proxy.refuse()
    await expect(send(clientOf(behind.url, 0), topic, ['two'])).rejects.toThrow(/connection/i)
    expect(await receive(clientOf(behind.kafka.directUrl), topic, 1)).toEqual(['one'])

    await behind.proxy.heal()
    await send(client, topic, ['three'])
    expect(await receive(client, topic, 2)).toEqual(['one', 'three'])
  })
})

describe.skipIf(!canMakeCertificates())('with openssl', () => {
  describeWith(['kafka-process'], 'a Kafka with TLS and passwords', () => {
    it('lets in who has the password, by each mechanism', async () => {
      await using kafka = await startKafka({ tls: true, sasl: alice })
      for (const login of loginsOf('open-sesame')) expect(await topicsAs(kafka, login)).toEqual([])
      for (const login of loginsOf('guess'))
        await expect(topicsAs(kafka, login)).rejects.toThrow(/authentication/i)
    })
  })
})

const alice = { username: 'alice', password: 'open-sesame' }

function loginsOf(password: string): SASLOptions[] {
  const user = { ...alice, password }
  return [
    { mechanism: 'plain', ...user },
    { mechanism: 'scram-sha-256', ...user },
    { mechanism: 'scram-sha-512', ...user },
  ]
}

function clientOf(url: string, retries = 5): Kafka {
  return new Kafka({
    brokers: [new URL(url).host],
    logLevel: logLevel.NOTHING,
    retry: { retries },
  })
}

async function createTopic(client: Kafka): Promise<string> {
  const topic = aNamespace()
  await using admin = await connected(client.admin())
  await admin.createTopics({ topics: [{ topic }] })
  return topic
}

async function send(client: Kafka, topic: string, values: readonly string[]): Promise<void> {
  await using producer = await connected(client.producer())
  await producer.send({ topic, messages: values.map((value) => ({ value })) })
}

async function receive(client: Kafka, topic: string, count: number): Promise<string[]> {
  await using consumer = await connected(client.consumer({ groupId: aNamespace() }))
  await consumer.subscribe({ topic, fromBeginning: true })
  const values: string[] = []
  const { promise: all, resolve } = Promise.withResolvers<void>()
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(String(message.value))
      if (values.length === count) resolve()
    },
  })
  await all
  return values
}

async function topicsAs(kafka: KafkaServer, sasl: SASLOptions): Promise<string[]> {
  const client = new Kafka({
    brokers: [new URL(kafka.url).host],
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
    ssl: { ca: [kafka.ca ?? ''] },
    sasl,
  })
  await using admin = await connected(client.admin())
  return await admin.listTopics()
}

type Connecting = { connect(): Promise<void>; disconnect(): Promise<void> }

async function connected<Client extends Connecting>(
  client: Client,
): Promise<Client & AsyncDisposable> {
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.disconnect() })
}
