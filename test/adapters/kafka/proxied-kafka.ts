import { type FrameProxy, openFrameProxy } from '#test/adapters/kafka/frame-proxy.ts'
import { type KafkaServer, startKafka } from '#test/support/servers/kafka.ts'

/** A broker of a test file's own that clients reach only through a proxy. */
export type ProxiedKafka = AsyncDisposable & {
  /** Through the proxy. */
  readonly url: string
  readonly kafka: KafkaServer
  readonly proxy: FrameProxy
}

export async function startProxiedKafka(
  options: { readonly tls?: boolean } = {},
): Promise<ProxiedKafka> {
  const stack = new AsyncDisposableStack()
  const proxy = stack.use(await openFrameProxy())
  const kafka = stack.use(await startKafka({ ...options, advertised: proxy.address }))
  proxy.target = kafka.port
  const url = `kafka://${proxy.address}`
  return { url, kafka, proxy, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}
