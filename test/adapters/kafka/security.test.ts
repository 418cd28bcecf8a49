import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKafkaFeed } from '#adapters/kafka/feed.ts'
import { openKafkaPublisher } from '#adapters/kafka/publisher.ts'
import { ensureTopic, withAdmin } from '#adapters/kafka/topic.ts'
import { aLog, connectionOf, never, patient, plainKafka } from '#test/adapters/kafka/topics.ts'
import { take } from '#test/contracts/event-feed.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { canMakeCertificates } from '#test/support/servers/certificate.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'
import { startKafkaBehindProxy } from '#test/support/servers/kafka-behind-proxy.ts'
import { type KafkaServer, startKafka } from '#test/support/servers/kafka.ts'
import { aNamespace } from '#test/support/servers/namespace.ts'

/** The broker's certificate in a file of its own. */
async function aCaFile(kafka: KafkaServer): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-ca-'))
  const path = join(folder, 'ca.pem')
  await writeFile(path, kafka.ca ?? '')
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

const alice = { username: 'alice', password: 'opensesame' }

describe.skipIf(!canMakeCertificates())('with openssl', () => {
  describeWith(['kafka-process'], 'a broker with TLS and passwords', () => {
    let kafka: KafkaServer
    let caFile: string
    const own = new AsyncDisposableStack()
    beforeAll(async () => {
      kafka = own.use(await startKafka({ tls: true, sasl: alice }))
      caFile = own.use(await aCaFile(kafka)).path
    }, 120_000)
    afterAll(() => own.disposeAsync())

    const partsFor = (mechanism: string, password: string) => {
      const { logger, lines } = recordingLogger()
      const url = `kafka://alice:${password}@localhost:${kafka.port}?tls=true&ca=${caFile}&sasl=${mechanism}`
      return {
        connection: connectionOf(url),
        topic: aNamespace(),
        logger,
        lines,
        partitions: 2,
        replicationFactor: 1,
      }
    }

    it.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
      'lets in who has the password, by %s',
      async (mechanism) => {
        const parts = partsFor(mechanism, alice.password)
        await ensureTopic(parts)
        await using publisher = await openKafkaPublisher(parts)
        const events = aLog().many(10, ['acme'])
        await publisher.publish(events, never)
        const feed = patient(openKafkaFeed({ ...parts, groupId: parts.topic }))
        expect(await take(feed, (seen) => seen.length === 10)).toEqual(events)
      },
    )

    it.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
      'refuses who has not, by %s, and nobody tells the password',
      async (mechanism) => {
        const parts = partsFor(mechanism, 'hunter2')
        const failure = await ensureTopic(parts).catch((error: unknown) => error)
        expect(String(failure)).toMatch(/^Error: Kafka at localhost:\d+: .*authentication/i)
        expect(JSON.stringify([parts.lines, String(failure)])).not.toContain('hunter2')
      },
    )

    it('refuses who does not trust its certificate', async () => {
      const parts = partsFor('plain', alice.password)
      const connection = { ...parts.connection, tls: {} }
      await expect(ensureTopic({ ...parts, connection })).rejects.toThrow(/certificate/)
      const missing = { ...parts.connection, tls: { caFile: '/nowhere/ca.pem' } }
      await expect(ensureTopic({ ...parts, connection: missing })).rejects.toThrow(/nowhere/)
    })
  })

  describeWith(['kafka-process'], 'a broker that takes more than a second to shake hands', () => {
    it('is given up by kafkajs, and not by us', async () => {
      await using behind = await startKafkaBehindProxy({ tls: true })
      const { kafka, proxy } = behind
      // There and back, the handshake takes more than a second.
      proxy.delay(550)
      await using caFile = await aCaFile(kafka)
      const ssl = { ca: kafka.ca ?? '' }
      const retry = { retries: 0 }
      const admin = plainKafka(proxy.through(kafka.url), { ssl, retry }).admin()
      await expect(admin.connect()).rejects.toThrow('Connection timeout')

      const { logger } = recordingLogger()
      const connection = connectionOf(`kafka://${proxy.address}?tls=true&ca=${caFile.path}`)
      const parts = { connection, logger, topic: aNamespace() }
      const cluster = await withAdmin(parts, (client) => client.describeCluster())
      expect(cluster.brokers).toHaveLength(1)
    }, 60_000)
  })
})
