import { readFileSync } from 'node:fs'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { type ISocketFactoryArgs, Kafka, logLevel, type SASLOptions } from 'kafkajs'
import type { KafkaConnection, KafkaTls } from '#adapters/kafka/connection.ts'
import { kafkaLogCreator } from '#adapters/kafka/log-creator.ts'
import { patchKafkajs } from '#adapters/kafka/patch.ts'
import type { Logger } from '#ports/logger.ts'

/** kafkajs's default of one second is too little for a busy broker or a TLS handshake far away. */
const connectionTimeoutMs = 10_000
const authenticationTimeoutMs = 10_000
/** Less than any deadline of ours around a request, so that a silent broker is noticed by kafkajs first. */
const requestTimeoutMs = 20_000
const keepAliveMs = 10_000

/** kafkajs's own tries, explicit since it has others where NODE_ENV is `test`; about 2.5 s in all. */
export const kafkajsRetry = {
  initialRetryTime: 100,
  maxRetryTime: 1_000,
  factor: 0.2,
  multiplier: 2,
  retries: 5,
} as const

/** A kafkajs client whose connections can be ended for certain. */
export type KafkaClient = {
  readonly kafka: Kafka
  /**
   * Cuts every connection and lets no new one be made, so that nothing of what this client was asked to do can still
   * happen later: neither a hanging `disconnect` nor a retry of kafkajs's outlives it.
   */
  discard(): void
}

/** A client; connects only when asked to. One for each producer, consumer and admin. @throws when a certificate can't be read. */
export function openClient(connection: KafkaConnection, logger: Logger): KafkaClient {
  patchKafkajs(logger)
  const { brokers, clientId, sasl, tls } = connection
  const sockets = new Sockets()
  const kafka = new Kafka({
    brokers: [...brokers],
    clientId,
    ...(tls && { ssl: tlsOptions(tls) }),
    ...(sasl && { sasl: saslOptions(sasl) }),
    connectionTimeout: connectionTimeoutMs,
    authenticationTimeout: authenticationTimeoutMs,
    requestTimeout: requestTimeoutMs,
    retry: kafkajsRetry,
    logLevel: logLevel.WARN,
    logCreator: kafkaLogCreator(logger, () => sockets.discarded),
    socketFactory: (target) => sockets.open(target),
  })
  return { kafka, discard: () => sockets.discard() }
}

class Sockets {
  readonly #open = new Set<Socket>()
  #discarded = false

  get discarded(): boolean {
    return this.#discarded
  }

  open({
    host,
    port,
    ssl,
    onConnect,
  }: Omit<ISocketFactoryArgs, 'ssl'> & { ssl?: ConnectionOptions }): Socket {
    if (this.#discarded) throw new Error('this client was discarded')
    const name = isIP(host) === 0 ? { servername: host } : {}
    const socket =
      ssl == null
        ? connect({ host, port }, onConnect)
        : connectTls({ host, port, ...name, ...ssl }, onConnect)
    socket.setKeepAlive(true, keepAliveMs)
    socket.setNoDelay(true)
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
    return socket
  }

  /** With an error: kafkajs settles what is under way on an error or an end, not on a mere close. */
  discard(): void {
    this.#discarded = true
    for (const socket of this.#open) socket.destroy(new Error('this client was discarded'))
  }
}

function tlsOptions({ caFile, certFile, keyFile }: KafkaTls): ConnectionOptions {
  return {
    ...(caFile && { ca: readFileSync(caFile) }),
    ...(certFile && { cert: readFileSync(certFile) }),
    ...(keyFile && { key: readFileSync(keyFile) }),
  }
}

/** kafkajs's type pairs each mechanism with its own options. */
function saslOptions({
  mechanism,
  username,
  password,
}: NonNullable<KafkaConnection['sasl']>): SASLOptions {
  switch (mechanism) {
    case 'plain':
      return { mechanism, username, password }
    case 'scram-sha-256':
      return { mechanism, username, password }
    case 'scram-sha-512':
      return { mechanism, username, password }
  }
}
