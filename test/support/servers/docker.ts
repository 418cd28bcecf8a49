import {
  GenericContainer,
  getContainerRuntimeClient,
  type StartedTestContainer,
  Wait,
} from 'testcontainers'
import type { ServerName } from './chances.ts'
import { freePort } from './free-port.ts'

/** A server in a container, gone when disposed of; where this process is killed, testcontainers' reaper ends it. */
export type Contained = AsyncDisposable & { readonly url: string }

const images = {
  kafka: 'apache/kafka:4.4.0',
  mongodb: 'mongo:8.0',
  eventstoredb: 'eventstore/eventstore:24.10',
}
const startMsMax = 180_000

/** Starts a real server in Docker: seconds, and minutes where the image must be pulled first. */
export function startContained(name: ServerName): Promise<Contained> {
  return { kafka, mongodb, eventstoredb }[name]()
}

/** Host and port are known beforehand, for the broker must tell clients where to connect to. */
async function kafka(): Promise<Contained> {
  const { info } = await getContainerRuntimeClient()
  const port = await freePort()
  const address = `${info.containerRuntime.host}:${port}`
  const started = await new GenericContainer(images.kafka)
    .withExposedPorts({ container: 9092, host: port })
    .withEnvironment({
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_LISTENERS: 'CLIENT://:9092,INNER://:9094,CONTROLLER://:9093',
      KAFKA_ADVERTISED_LISTENERS: `CLIENT://${address},INNER://localhost:9094`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CLIENT:PLAINTEXT,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_INTER_BROKER_LISTENER_NAME: 'INNER',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .withStartupTimeout(startMsMax)
    .start()
  return contained(started, `kafka://${address}`)
}

/** A replica set of one: sessions and transactions work. */
async function mongodb(): Promise<Contained> {
  const started = await new GenericContainer(images.mongodb)
    .withCommand(['--replSet', 'rs0', '--bind_ip_all'])
    .withExposedPorts(27017)
    .withWaitStrategy(Wait.forLogMessage(/Waiting for connections/))
    .withStartupTimeout(startMsMax)
    .start()
  const initiate = `rs.initiate({ _id: 'rs0', members: [{ _id: 0, host: '127.0.0.1:27017' }] })
    while (!db.hello().isWritablePrimary) sleep(100)`
  const { exitCode, output } = await started.exec(['mongosh', '--quiet', '--eval', initiate])
  if (exitCode !== 0) throw new Error(`the replica set doesn't start: ${output}`)
  return contained(started, `mongodb://${addressOf(started, 27017)}/?directConnection=true`)
}

async function eventstoredb(): Promise<Contained> {
  const started = await new GenericContainer(images.eventstoredb)
    .withEnvironment({
      EVENTSTORE_CLUSTER_SIZE: '1',
      EVENTSTORE_INSECURE: 'true',
      EVENTSTORE_MEM_DB: 'true',
      EVENTSTORE_RUN_PROJECTIONS: 'None',
    })
    .withExposedPorts(2113)
    .withWaitStrategy(Wait.forHttp('/health/live', 2113).forStatusCode(204))
    .withStartupTimeout(startMsMax)
    .start()
  return contained(started, `esdb://${addressOf(started, 2113)}?tls=false`)
}

function addressOf(started: StartedTestContainer, port: number): string {
  return `${started.getHost()}:${started.getMappedPort(port)}`
}

function contained(started: StartedTestContainer, url: string): Contained {
  return {
    url,
    async [Symbol.asyncDispose]() {
      await started.stop()
    },
  }
}
