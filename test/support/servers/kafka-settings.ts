/** What a broker's `server.properties` says. */
export type KafkaSettings = {
  /** Where its log is. */
  readonly data: string
  readonly ports: KafkaPorts
  /** Where it tells clients to connect to, `host:port`. */
  readonly advertised: string
  readonly sasl: SaslUser | undefined
  /** Path of a PEM file with key and certificate: then clients talk TLS. */
  readonly keystore: string | undefined
  /** Added last, so that they win. */
  readonly properties: Readonly<Record<string, string>>
}

/** `client`: with everything that clients are told; `inner`: plaintext, for whom nothing stands between. */
export type KafkaPorts = {
  readonly client: number
  readonly inner: number
  readonly controller: number
}

export type SaslUser = { readonly username: string; readonly password: string }

export const saslMechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

const host = '127.0.0.1'

/** The properties of a broker that is its own and only controller: small, and quickly back after a kill. */
export function kafkaProperties(settings: KafkaSettings): string {
  const { ports, advertised, sasl, keystore } = settings
  const protocol = `${sasl ? 'SASL_' : ''}${keystore ? 'SSL' : 'PLAINTEXT'}`
  const all = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@${host}:${ports.controller}`,
    listeners: `CLIENT://${host}:${ports.client},INNER://${host}:${ports.inner},CONTROLLER://${host}:${ports.controller}`,
    'advertised.listeners': `CLIENT://${advertised},INNER://${host}:${ports.inner}`,
    'listener.security.protocol.map': `CLIENT:${protocol},INNER:PLAINTEXT,CONTROLLER:PLAINTEXT`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INNER',
    'log.dirs': settings.data,
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
    // The default takes 128 MiB of heap at start.
    'log.cleaner.dedupe.buffer.size': '4194304',
    // A broker that was killed may register again only once its old session is over: 9 s by default.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    ...(sasl && saslProperties(sasl)),
    ...(keystore && {
      'listener.name.client.ssl.keystore.type': 'PEM',
      'listener.name.client.ssl.keystore.location': keystore,
    }),
    ...settings.properties,
  }
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

/** Warnings and errors of the broker, to its standard output. */
export const log4jProperties = `
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{HH:mm:ss.SSS} %p %c{1}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
`

/** SCRAM passwords are given when the data folder is formatted. */
function saslProperties({ username, password }: SaslUser): Record<string, string> {
  const login = 'org.apache.kafka.common.security'
  const scram = `${login}.scram.ScramLoginModule required;`
  return {
    'listener.name.client.sasl.enabled.mechanisms': saslMechanisms.join(','),
    'listener.name.client.plain.sasl.jaas.config': `${login}.plain.PlainLoginModule required user_${username}="${password}";`,
    'listener.name.client.scram-sha-256.sasl.jaas.config': scram,
    'listener.name.client.scram-sha-512.sasl.jaas.config': scram,
  }
}
