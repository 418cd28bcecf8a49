import type { Settings } from '#test/support/program.ts'
import { aNamespace } from '#test/support/servers/namespace.ts'

const partitions = 3

type ServerName = 'kafka' | 'mongodb' | 'eventstoredb'

/** The part of a suite's servers that a cluster stands on. */
export type ClusterServers = Readonly<Record<ServerName, () => { readonly url: string }>>

/** What leads a cluster to the servers that all tests share, under names that nobody else has. */
export function clusterSettings(servers: ClusterServers): Settings {
  return {
    DAYBOOK_NAMESPACE: aNamespace(),
    DAYBOOK_EVENT_STORE: servers.eventstoredb().url,
    DAYBOOK_FEED: servers.kafka().url,
    DAYBOOK_READ_MODELS: servers.mongodb().url,
    DAYBOOK_KAFKA_PARTITIONS: String(partitions),
    DAYBOOK_CURSOR_SECRET: 'the same secret in every process of a test',
  }
}
