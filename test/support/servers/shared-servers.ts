import { type Chance, type Chances, urlOf } from './chances.ts'
import { startDouble } from './eventstoredb.ts'

/** The servers that all test files of a run share: each starts the first time that it is asked for. */
export type SharedServers = {
  kafka(): Promise<Kafka>
  /** Resolves once a test can start a broker of its own without paying for the first on this machine. */
  kafkaProcess(): Promise<object>
  mongodb(): Promise<Mongodb>
  /** Not the double, which runs in the process of its test. */
  eventstoredb(): Promise<Eventstoredb>
  /** The program on a folder. Its tests open ledgers of their own, and stop nothing. */
  daybook(): Promise<Daybook>
  /** As `daybook`, with a process for each role, on the servers above. */
  daybookCluster(): Promise<Daybook>
}

export type Kafka = { readonly url: string }
/** A stand-in does some things differently: README.md. */
export type Mongodb = { readonly url: string; readonly kind: 'mongodb' | 'stand-in' }
export type Eventstoredb = { readonly url: string; readonly kind: 'eventstoredb' | 'double' }

export type Daybook = { readonly url: string }

/** Starts nothing yet. What was started ends when disposed of. What each way costs to load is paid only by who goes it. */
export function openSharedServers(chances: Chances): SharedServers & AsyncDisposable {
  const started = new AsyncDisposableStack()
  const contained = async (name: 'kafka' | 'mongodb' | 'eventstoredb') => {
    const { startContained } = await import('./docker.ts')
    return started.use(await startContained(name)).url
  }
  const shared: SharedServers = {
    kafka: once(async () => {
      const url = urlOf('kafka')
      if (url !== undefined) return { url }
      if (isBy(chances.kafka, 'docker')) return { url: await contained('kafka') }
      const { startKafka } = await import('./kafka.ts')
      return { url: started.use(await startKafka()).url }
    }),
    kafkaProcess: async () => await (await import('./kafka-install.ts')).installKafka(),
    mongodb: once(async () => {
      const url = urlOf('mongodb')
      if (url !== undefined) return { url, kind: 'mongodb' }
      if (isBy(chances.mongodb, 'docker'))
        return { url: await contained('mongodb'), kind: 'mongodb' }
      const { startMongodb } = await import('./mongodb.ts')
      return { url: started.use(await startMongodb()).url, kind: 'stand-in' }
    }),
    eventstoredb: once(async () => ({
      url: urlOf('eventstoredb') ?? (await contained('eventstoredb')),
      kind: 'eventstoredb',
    })),
    daybook: once(async () => {
      const { startDaybook } = await import('./daybook.ts')
      return { url: started.use(await startDaybook()).url }
    }),
    daybookCluster: once(async () => {
      const { startDaybookCluster } = await import('./daybook.ts')
      const [kafka, mongodb] = await Promise.all([shared.kafka(), shared.mongodb()])
      const eventstoredb = isBy(chances.eventstoredb, 'double')
        ? started.use(await startDouble())
        : await shared.eventstoredb()
      return { url: started.use(await startDaybookCluster({ kafka, mongodb, eventstoredb })).url }
    }),
  }
  return { ...shared, [Symbol.asyncDispose]: () => started.disposeAsync() }
}

function isBy(chance: Chance, way: 'docker' | 'double'): boolean {
  return 'by' in chance && chance.by === way
}

/** Also a failure is kept: whoever asks next is told at once. */
function once<Value>(start: () => Promise<Value>): () => Promise<Value> {
  let started: Promise<Value> | undefined
  return () => (started ??= start())
}
