import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { parseEnv } from 'node:util'
import { z } from 'zod'
import { nearest } from '#cli/nearest.ts'
import {
  databaseOf,
  type EventStoreSettings,
  eventStoreProblem,
  type FeedSettings,
  feedProblem,
  kafkaConnection,
  type ReadModelSettings,
  readModelsProblem,
} from '#engine-urls.ts'
import {
  booksMemoryMiB,
  defaultNamespace,
  type LogFormat,
  type LogLevel,
  logLevels,
  meanings,
  partitions,
  replicationMax,
  secretLengthMin,
  type Setting,
  sweepIntervalMs,
} from '#setting-meanings.ts'

/** Everything that can be set, checked; paths are absolute. */
export type Config = {
  readonly dataFolder: string
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** What tells this Daybook from others on the same servers. */
  readonly namespace: string
  readonly eventStore: EventStoreSettings
  readonly feed: FeedSettings
  readonly readModels: ReadModelSettings
  readonly logLevel: LogLevel
  /** Undefined: pretty on a terminal, otherwise JSON. */
  readonly logFormat: LogFormat | undefined
  readonly sweepIntervalMs: number
  /** What the books of all ledgers may take in memory, about, before those not in use are let go. */
  readonly booksMemoryMiB: number
  /** Undefined: the secret in `cursorSecretFile`, which is made where there is none. */
  readonly cursorSecret: string | undefined
  readonly cursorSecretFile: string
}

/** The environment is not one that Daybook can start with: one sentence per problem, all of them. */
export class ConfigRefused extends Error {
  override readonly name = 'ConfigRefused'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

const prefix = 'DAYBOOK_'

/** Makes a check that answers with a sentence about what was given. */
const says = (rule: string) => ({
  error: ({ input }: { input?: unknown }) => `${rule}, not ${JSON.stringify(input)}`,
})

const shape = {
  DAYBOOK_DATA: z.string().default('./data'),
  DAYBOOK_HOST: z
    .string()
    .regex(/^[A-Za-z0-9.:%_-]{1,253}$/, says('must be a host name or an IP address'))
    .default('127.0.0.1'),
  DAYBOOK_PORT: wholeNumber(0, 65_535).default(8080),
  DAYBOOK_EVENT_STORE: engineUrl(eventStoreProblem).default('sqlite:'),
  DAYBOOK_FEED: engineUrl(feedProblem).default('log'),
  DAYBOOK_READ_MODELS: engineUrl(readModelsProblem).default('sqlite:'),
  DAYBOOK_NAMESPACE: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,40}$/, says('must be lower-case letters, digits and dashes'))
    // The default one's streams begin so, and it would take these for its own.
    .regex(/^(?!ledger-|daybook-)/, says('must not begin with ledger- or daybook-'))
    .default(defaultNamespace),
  DAYBOOK_KAFKA_TOPIC: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,200}$/, says('must be a name that Kafka takes'))
    .optional(),
  DAYBOOK_KAFKA_PARTITIONS: wholeNumber(1, partitions.max).default(partitions.default),
  DAYBOOK_KAFKA_REPLICATION: wholeNumber(1, replicationMax).optional(),
  DAYBOOK_LOG_LEVEL: z
    .enum(logLevels, says(`must be one of ${logLevels.join(', ')}`))
    .default('info'),
  DAYBOOK_LOG_FORMAT: z.enum(['json', 'pretty'], says('must be json or pretty')).optional(),
  DAYBOOK_SWEEP_INTERVAL_MS: wholeNumber(sweepIntervalMs.min, sweepIntervalMs.max).default(500),
  DAYBOOK_BOOKS_MEMORY_MIB: wholeNumber(booksMemoryMiB.min, booksMemoryMiB.max).default(
    booksMemoryMiB.default,
  ),
  DAYBOOK_CURSOR_SECRET: z
    .string()
    .min(secretLengthMin, `must have at least ${secretLengthMin} characters`)
    .optional(),
}

const schema = z.object(shape)
type Values = z.infer<typeof schema>

/** The documented table of settings. */
export const settings: readonly Setting[] = Object.entries(
  meanings satisfies Readonly<Record<keyof typeof shape, unknown>>,
).map(([name, rest]) => ({ name, ...rest }))

/**
 * Reads the environment and, for what it doesn't say, the file `.env` of the working folder.
 * @throws {ConfigRefused}
 */
export function readConfig(): Config {
  return parseConfig({ ...readEnvFile('.env'), ...process.env })
}

/**
 * Checks an environment; an empty value is as good as none.
 * @throws {ConfigRefused}
 */
export function parseConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const ours = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => name.startsWith(prefix) && value),
  )
  const unknown = Object.keys(ours).filter((name) => !Object.hasOwn(shape, name))
  const parsed = schema.safeParse(ours)
  const problems = [
    ...(parsed.error?.issues.map(({ path, message }) => `${path.join('.')} ${message}.`) ?? []),
    ...unknown.map(unknownSetting),
  ]
  if (!parsed.success || problems.length > 0) throw new ConfigRefused(problems)
  return configOf(parsed.data)
}

function configOf(values: Values): Config {
  const dataFolder = resolve(values.DAYBOOK_DATA)
  return {
    dataFolder,
    host: values.DAYBOOK_HOST,
    port: values.DAYBOOK_PORT,
    namespace: values.DAYBOOK_NAMESPACE,
    eventStore: eventStoreOf(values, dataFolder),
    feed: feedOf(values),
    readModels: readModelsOf(values, dataFolder),
    logLevel: values.DAYBOOK_LOG_LEVEL,
    logFormat: values.DAYBOOK_LOG_FORMAT,
    sweepIntervalMs: values.DAYBOOK_SWEEP_INTERVAL_MS,
    booksMemoryMiB: values.DAYBOOK_BOOKS_MEMORY_MIB,
    cursorSecret: values.DAYBOOK_CURSOR_SECRET,
    cursorSecretFile: join(dataFolder, 'cursor.secret'),
  }
}

function eventStoreOf(values: Values, dataFolder: string): Config['eventStore'] {
  const { DAYBOOK_EVENT_STORE: url, DAYBOOK_NAMESPACE: namespace } = values
  if (isSqlite(url)) return { engine: 'sqlite', folder: folderOf(url, dataFolder) }
  const streamPrefix = namespace === defaultNamespace ? '' : `${namespace}.`
  return { engine: 'eventstoredb', url, streamPrefix }
}

function feedOf(values: Values): Config['feed'] {
  const { DAYBOOK_FEED: url, DAYBOOK_NAMESPACE: namespace } = values
  if (url === 'log') return { engine: 'log' }
  const connection = kafkaConnection(url)
  return {
    engine: 'kafka',
    connection,
    topic: values.DAYBOOK_KAFKA_TOPIC ?? `${namespace}.events`,
    partitions: values.DAYBOOK_KAFKA_PARTITIONS,
    replicationFactor: values.DAYBOOK_KAFKA_REPLICATION ?? Math.min(connection.brokers.length, 3),
  }
}

function readModelsOf(values: Values, dataFolder: string): Config['readModels'] {
  const { DAYBOOK_READ_MODELS: url, DAYBOOK_NAMESPACE: namespace } = values
  if (isSqlite(url)) return { engine: 'sqlite', folder: folderOf(url, dataFolder) }
  return { engine: 'mongodb', url, database: databaseOf(url) ?? namespace }
}

function isSqlite(url: string): boolean {
  return url.startsWith('sqlite:')
}

function folderOf(url: string, dataFolder: string): string {
  return resolve(dataFolder, url.slice('sqlite:'.length))
}

function unknownSetting(name: string): string {
  const endOf = (of: string) => of.slice(prefix.length)
  const meant = nearest(endOf(name), Object.keys(shape).map(endOf))
  return `${name} is not a setting${meant === undefined ? '.' : `: is ${prefix}${meant} meant?`}`
}

function wholeNumber(min: number, max: number) {
  return z
    .string()
    .refine(
      (text) => /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max,
      says(`must be a whole number from ${min} to ${max}`),
    )
    .transform(Number)
}

/** Never repeats what was given: such URLs carry passwords. */
function engineUrl(problemOf: (url: string) => string | undefined) {
  return z.string().superRefine((url, context) => {
    const message = problemOf(url)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })
}

/** @throws {ConfigRefused} when there is such a file and it can't be read. */
function readEnvFile(path: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw new ConfigRefused([`${resolve(path)} cannot be read: ${String(error)}`])
  }
}
