import { EventStoreUrlRefused, parseAddress } from '#adapters/eventstoredb/address.ts'
import { type KafkaConnection, parseKafkaUrl } from '#adapters/kafka/connection.ts'
import { defaultNamespace } from '#setting-meanings.ts'

/** Where the log is. `folder` holds its file; `streamPrefix` begins the names of all its streams. */
export type EventStoreSettings =
  | { readonly engine: 'sqlite'; readonly folder: string }
  | { readonly engine: 'eventstoredb'; readonly url: string; readonly streamPrefix: string }

/** What the projectors follow. */
export type FeedSettings =
  | { readonly engine: 'log' }
  | {
      readonly engine: 'kafka'
      readonly connection: KafkaConnection
      readonly topic: string
      /** Of a topic that is made; one that is there keeps what it has. */
      readonly partitions: number
      readonly replicationFactor: number
    }

/** Where the read models are. `folder` holds their file. */
export type ReadModelSettings =
  | { readonly engine: 'sqlite'; readonly folder: string }
  | { readonly engine: 'mongodb'; readonly url: string; readonly database: string }

/** What is wrong with a setting, as the end of a sentence that begins with its name; it never repeats the URL. */
type Problem = string | undefined

export function eventStoreProblem(url: string): Problem {
  if (url.startsWith('sqlite:')) return undefined
  if (/^(esdb|kurrentdb)(\+discover)?:\/\/./.test(url))
    return hostProblem(url) ?? addressProblem(url)
  return 'must be sqlite:, sqlite:FOLDER or esdb://HOST:PORT'
}

function addressProblem(url: string): Problem {
  try {
    parseAddress(url)
    return undefined
  } catch (error) {
    if (error instanceof EventStoreUrlRefused) return error.message
    throw error
  }
}

export function feedProblem(url: string): Problem {
  if (url === 'log') return undefined
  if (!url.startsWith('kafka://')) return 'must be log or kafka://HOST:PORT,…'
  const parsed = parseKafkaUrl(url)
  return 'problem' in parsed ? parsed.problem : undefined
}

export function readModelsProblem(url: string): Problem {
  if (url.startsWith('sqlite:')) return undefined
  if (/^mongodb(\+srv)?:\/\/./.test(url)) return hostProblem(url) ?? databaseProblem(url)
  return 'must be sqlite:, sqlite:FOLDER or mongodb://HOST:PORT/DATABASE'
}

/** @throws for a URL in which `feedProblem` finds a problem. */
export function kafkaConnection(url: string): KafkaConnection {
  const parsed = parseKafkaUrl(url)
  if ('problem' in parsed) throw new TypeError(parsed.problem)
  return parsed
}

/** The database that a URL of MongoDB names; undefined where it names none. @throws for a URL with a problem. */
export function databaseOf(url: string): string | undefined {
  const path = /^[a-z+]+:\/\/[^/?]*\/([^?]*)/.exec(url)?.[1]
  return path === undefined || path === '' ? undefined : decodeURIComponent(path)
}

/** MongoDB's own rule for names: https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions */
const databaseForm = /^[^/\\. "$*<>:|?@\0]{1,63}$/

/** With an `@` in it, what stands before is part of a password that is not percent-encoded. */
function databaseProblem(url: string): Problem {
  try {
    if (databaseForm.test(databaseOf(url) ?? defaultNamespace)) return undefined
  } catch {
    // Not percent-encoded.
  }
  return 'must name its database after the hosts, percent-encoded, in at most 63 characters without /\\. "$*<>:|?@'
}

const hostForm = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/

/** One or more hosts, after the user's name and password. */
function hostProblem(url: string): Problem {
  const authority = /^[a-z+]+:\/\/([^/?#]*)/.exec(url)?.[1] ?? ''
  const hosts = authority.slice(authority.lastIndexOf('@') + 1).split(',')
  return hosts.every((host) => hostForm.test(host))
    ? undefined
    : 'must name its hosts as HOST:PORT, separated by commas'
}
