import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { type Certificate, makeCertificate } from './certificate.ts'
import { freePort } from './free-port.ts'
import { JavaProcess, makeServerFolder } from './java-process.ts'
import {
  formatKafka,
  installKafka,
  type KafkaInstall,
  kafkaArguments,
  writeKafkaFiles,
} from './kafka-install.ts'
import { kafkaAnswers } from './kafka-ready.ts'
import type { SaslUser } from './kafka-settings.ts'

export type KafkaOptions = {
  /** Where clients connect to; a free one if not given. */
  readonly port?: number
  /** Where the broker tells clients to connect to, `host:port`: that of a proxy. Its own port if not given. */
  readonly advertised?: string
  /** The one who may connect, by PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. ASCII letters and digits. */
  readonly sasl?: SaslUser
  /** Clients must talk TLS and trust `KafkaServer.ca`. Needs openssl. */
  readonly tls?: boolean
  /** Of `server.properties`, where they differ. */
  readonly properties?: Readonly<Record<string, string>>
}

/** A real broker, one node, alone with its data folder. */
export type KafkaServer = AsyncDisposable & {
  /** `kafka://127.0.0.1:PORT` */
  readonly url: string
  readonly port: number
  /** As `url`, but plaintext, without a password, and never through the advertised proxy. */
  readonly directUrl: string
  /** The certificate to trust, PEM, where it talks TLS. */
  readonly ca: string | undefined
  /** 0 while it is down. */
  readonly pid: number
  /** SIGTERM: in 0.2–0.4 s. */
  stop(): Promise<void>
  /** SIGKILL. What was acknowledged is there after `restart`. */
  kill(): Promise<void>
  /** Stops it where it runs, and starts it on the same data and ports: 1 s, after `kill` 3–5 s. */
  restart(): Promise<void>
  /** SIGSTOP: connections stay open, and nothing answers. */
  pause(): void
  /** SIGCONT */
  resume(): void
}

/** Starts a broker: 1–2 s; the first on a machine takes some 15 s more. Resolves once it answers. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const install = await installKafka()
  const folder = await makeServerFolder('kafka')
  const certificate = options.tls ? await makeCertificate(folder) : undefined
  const ports = {
    client: options.port ?? (await freePort()),
    inner: await freePort(),
    controller: await freePort(),
  }
  await prepare({ install, folder, certificate, options, ports })
  const { classPath, archive } = install
  const flags = archive ? [`-XX:SharedArchiveFile=${archive}`, '-Xshare:auto'] : []
  const broker = new JavaProcess(folder, kafkaArguments(folder, classPath, ...flags))
  const start = () => broker.start(() => kafkaAnswers(ports.inner))
  try {
    await start()
  } catch (error) {
    await broker[Symbol.asyncDispose]()
    throw error
  }
  return {
    url: `kafka://127.0.0.1:${ports.client}`,
    port: ports.client,
    directUrl: `kafka://127.0.0.1:${ports.inner}`,
    ca: certificate?.pem,
    get pid() {
      return broker.pid
    },
    stop: () => broker.stop(),
    kill: () => broker.kill(),
    async restart() {
      await broker.stop()
      await start()
    },
    pause: () => broker.signal('SIGSTOP'),
    resume: () => broker.signal('SIGCONT'),
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  }
}

type Preparation = {
  readonly install: KafkaInstall
  readonly folder: string
  readonly certificate: Certificate | undefined
  readonly options: KafkaOptions
  readonly ports: { readonly client: number; readonly inner: number; readonly controller: number }
}

/** Files and a formatted data folder. With a user it is formatted anew, for SCRAM passwords are in there: 0.7 s. */
async function prepare(given: Preparation): Promise<void> {
  const { install, folder, options, ports } = given
  const data = join(folder, 'data')
  const properties = await writeKafkaFiles(folder, {
    data,
    ports,
    advertised: options.advertised ?? `127.0.0.1:${ports.client}`,
    sasl: options.sasl,
    keystore: given.certificate?.keystore,
    properties: options.properties ?? {},
  })
  if (options.sasl) await formatKafka(install.classPath, properties, options.sasl)
  else await cp(install.template, data, { recursive: true })
}
