import { type TcpProxy, startProxy } from '#test/support/proxy.ts'
import { freePort } from './free-port.ts'
import { type KafkaOptions, type KafkaServer, startKafka } from './kafka.ts'

export type KafkaBehindProxy = AsyncDisposable & {
  /** The proxy's `kafka://127.0.0.1:PORT`, which is also where the broker tells clients to connect to. */
  readonly url: string
  readonly proxy: TcpProxy
  /** Its `directUrl` goes past the proxy: to look at what is there while clients can't. */
  readonly kafka: KafkaServer
}

/** Starts a broker whose clients can't but go through a proxy. */
export async function startKafkaBehindProxy(options: KafkaOptions = {}): Promise<KafkaBehindProxy> {
  await using started = new AsyncDisposableStack()
  const port = options.port ?? (await freePort())
  const proxy = started.use(await startProxy(`127.0.0.1:${port}`))
  const kafka = started.use(await startKafka({ ...options, port, advertised: proxy.address }))
  const both = started.move()
  return {
    url: proxy.through(kafka.url),
    proxy,
    kafka,
    [Symbol.asyncDispose]: () => both.disposeAsync(),
  }
}
