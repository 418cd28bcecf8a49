/** One line of the table of settings, in `--help` and in the reference. */
export type Setting = { readonly name: string; readonly meaning: string; readonly default: string }

export type LogLevel = (typeof logLevels)[number]
export type LogFormat = 'json' | 'pretty'

export const defaultNamespace = 'daybook'
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export const sweepIntervalMs = { min: 10, max: 60_000 }
export const booksMemoryMiB = { min: 1, max: 1_048_576, default: 1024 }
export const secretLengthMin = 32
export const partitions = { default: 12, max: 10_000 }
export const replicationMax = 9

/** What each setting means and what it is by default. */
export const meanings = {
  DAYBOOK_DATA: { meaning: 'folder of the embedded engine', default: './data' },
  DAYBOOK_HOST: { meaning: 'address to listen on', default: '127.0.0.1' },
  DAYBOOK_PORT: {
    meaning: 'port to listen on; 0 takes a free one, and the line that says `listening` names it',
    default: '8080',
  },
  DAYBOOK_EVENT_STORE: {
    meaning:
      'where the log is: `sqlite:` is in the data folder, `sqlite:FOLDER` elsewhere, `esdb://USER:PASSWORD@HOST:2113` is EventStoreDB',
    default: 'sqlite:',
  },
  DAYBOOK_FEED: {
    meaning:
      'what the projectors follow: `log` is the log itself, `kafka://HOST:9092,…` a topic of Kafka that the relay fills',
    default: 'log',
  },
  DAYBOOK_READ_MODELS: {
    meaning:
      'where the read models are: `sqlite:` is in the data folder, `sqlite:FOLDER` elsewhere, `mongodb://HOST:27017/DATABASE` is MongoDB',
    default: 'sqlite:',
  },
  DAYBOOK_NAMESPACE: {
    meaning:
      'tells several Daybooks on the same servers apart: begins the names of the topic and the group of Kafka, is the database of MongoDB, and begins the streams of EventStoreDB where it is not the default',
    default: defaultNamespace,
  },
  DAYBOOK_KAFKA_TOPIC: {
    meaning: 'the topic; another one is filled from the log from its beginning',
    default: '`NAMESPACE.events`',
  },
  DAYBOOK_KAFKA_PARTITIONS: {
    meaning: `partitions of a topic that is made, 1 to ${partitions.max}: as many projectors can share the work`,
    default: `${partitions.default}`,
  },
  DAYBOOK_KAFKA_REPLICATION: {
    meaning: `copies of every partition of a topic that is made, 1 to ${replicationMax}`,
    default: 'as many as brokers are named, 3 at most',
  },
  DAYBOOK_LOG_LEVEL: { meaning: `least level to log: ${logLevels.join(', ')}`, default: 'info' },
  DAYBOOK_LOG_FORMAT: {
    meaning: '`json` or `pretty`',
    default: 'pretty on a terminal, otherwise json',
  },
  DAYBOOK_SWEEP_INTERVAL_MS: {
    meaning: `how often due holds are looked for, ${sweepIntervalMs.min} to ${sweepIntervalMs.max} milliseconds`,
    default: '500',
  },
  DAYBOOK_BOOKS_MEMORY_MIB: {
    meaning: `what the books of all ledgers may take in memory, about, ${booksMemoryMiB.min} to ${booksMemoryMiB.max} MiB; the ledgers not used for longest are let go first`,
    default: `${booksMemoryMiB.default}`,
  },
  DAYBOOK_CURSOR_SECRET: {
    meaning: `what list cursors are signed with, ${secretLengthMin} characters or more; the same in every process that serves one API`,
    default: 'made in the data folder, in cursor.secret',
  },
} as const satisfies Readonly<Record<string, Omit<Setting, 'name'>>>
