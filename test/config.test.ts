import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigRefused, parseConfig, settings } from '#config.ts'

describe('an environment that says nothing', () => {
  it('gives the documented defaults', () => {
    expect(parseConfig({})).toEqual({
      dataFolder: resolve('data'),
      host: '127.0.0.1',
      port: 8080,
      namespace: 'daybook',
      eventStore: { engine: 'sqlite', folder: resolve('data') },
      feed: { engine: 'log' },
      readModels: { engine: 'sqlite', folder: resolve('data') },
      logLevel: 'info',
      logFormat: undefined,
      sweepIntervalMs: 500,
      booksMemoryMiB: 1024,
      cursorSecret: undefined,
      cursorSecretFile: resolve('data/cursor.secret'),
    })
  })

  it('is as good as one of empty values', () => {
    expect(parseConfig({ DAYBOOK_PORT: '', DAYBOOK_DATA: '' })).toEqual(parseConfig({}))
  })

  it('may hold variables of other programs', () => {
    expect(parseConfig({ HOME: '/root', PORT: 'x' })).toEqual(parseConfig({}))
  })
})

describe('an environment', () => {
  it('moves everything with the data folder', () => {
    const { dataFolder, eventStore, readModels, cursorSecretFile } = parseConfig({
      DAYBOOK_DATA: '/srv/daybook',
    })
    expect({ dataFolder, eventStore, readModels, cursorSecretFile }).toEqual({
      dataFolder: '/srv/daybook',
      eventStore: { engine: 'sqlite', folder: '/srv/daybook' },
      readModels: { engine: 'sqlite', folder: '/srv/daybook' },
      cursorSecretFile: '/srv/daybook/cursor.secret',
    })
  })

  it('puts log and read models into folders of their own', () => {
    const { eventStore, readModels } = parseConfig({
      DAYBOOK_DATA: '/srv/daybook',
      DAYBOOK_EVENT_STORE: 'sqlite:/fast/log',
      DAYBOOK_READ_MODELS: 'sqlite:models',
    })
    expect([eventStore, readModels]).toEqual([
      { engine: 'sqlite', folder: '/fast/log' },
      { engine: 'sqlite', folder: '/srv/daybook/models' },
    ])
  })

  it('leads to servers, each on its own', () => {
    const { eventStore, feed, readModels } = parseConfig({
      DAYBOOK_EVENT_STORE: 'esdb://admin:changeit@one:2113,two:2113?tls=true',
      DAYBOOK_FEED: 'kafka://one:9092,two:9092,three:9092,four:9092',
      DAYBOOK_READ_MODELS: 'mongodb://root:secret@one,two/books?replicaSet=rs0',
    })
    expect(eventStore).toEqual({
      engine: 'eventstoredb',
      url: 'esdb://admin:changeit@one:2113,two:2113?tls=true',
      streamPrefix: '',
    })
    expect(feed).toMatchObject({
      engine: 'kafka',
      connection: { brokers: ['one:9092', 'two:9092', 'three:9092', 'four:9092'] },
      topic: 'daybook.events',
      partitions: 12,
      replicationFactor: 3,
    })
    expect(readModels).toEqual({
      engine: 'mongodb',
      url: 'mongodb://root:secret@one,two/books?replicaSet=rs0',
      database: 'books',
    })
  })

  it('keeps what is on shared servers under its namespace', () => {
    const { eventStore, feed, readModels } = parseConfig({
      DAYBOOK_NAMESPACE: 'staging',
      DAYBOOK_EVENT_STORE: 'esdb://localhost:2113?tls=false',
      DAYBOOK_FEED: 'kafka://localhost',
      DAYBOOK_READ_MODELS: 'mongodb://localhost',
    })
    expect([eventStore, feed, readModels]).toMatchObject([
      { streamPrefix: 'staging.' },
      { topic: 'staging.events', replicationFactor: 1 },
      { database: 'staging' },
    ])
  })
})

describe('an environment with mistakes', () => {
  it('is refused with all of them at once', () => {
    expect(
      problemsOf({
        DAYBOOK_PORT: '80808',
        DAYBOOK_HOST: 'a b',
        DAYBOOK_LOG_LEVEL: 'loud',
        DAYBOOK_SWEEP_INTERVAL_MS: '1.5',
        DAYBOOK_CURSOR_SECRET: 'short',
        DAYBOOK_PROT: '1',
        DAYBOOK_WEATHER: 'fine',
      }),
    ).toEqual([
      'DAYBOOK_HOST must be a host name or an IP address, not "a b".',
      'DAYBOOK_PORT must be a whole number from 0 to 65535, not "80808".',
      'DAYBOOK_LOG_LEVEL must be one of debug, info, warn, error, silent, not "loud".',
      'DAYBOOK_SWEEP_INTERVAL_MS must be a whole number from 10 to 60000, not "1.5".',
      'DAYBOOK_CURSOR_SECRET must have at least 32 characters.',
      'DAYBOOK_PROT is not a setting: is DAYBOOK_PORT meant?',
      'DAYBOOK_WEATHER is not a setting.',
    ])
  })

  it('is told what an URL has to look like', () => {
    const problems = problemsOf({
      DAYBOOK_EVENT_STORE: 'postgres://u:hunter2@db',
      DAYBOOK_FEED: 'kafka://localhost:9092,[::1]:9092',
      DAYBOOK_READ_MODELS: 'mongodb://',
      DAYBOOK_KAFKA_TOPIC: 'a topic',
      DAYBOOK_NAMESPACE: 'Daybook',
    })
    expect(problems).toEqual([
      'DAYBOOK_EVENT_STORE must be sqlite:, sqlite:FOLDER or esdb://HOST:PORT.',
      'DAYBOOK_FEED a Kafka URL names a broker by IPv6 address: use a host name or an IPv4 address.',
      'DAYBOOK_READ_MODELS must be sqlite:, sqlite:FOLDER or mongodb://HOST:PORT/DATABASE.',
      'DAYBOOK_NAMESPACE must be lower-case letters, digits and dashes, not "Daybook".',
      'DAYBOOK_KAFKA_TOPIC must be a name that Kafka takes, not "a topic".',
    ])
  })

  it('cannot take a namespace whose streams the default one would take for its own', () => {
    for (const namespace of ['ledger-a', 'daybook-2'])
      expect(problemsOf({ DAYBOOK_NAMESPACE: namespace })).toEqual([
        `DAYBOOK_NAMESPACE must not begin with ledger- or daybook-, not "${namespace}".`,
      ])
    expect(problemsOf({ DAYBOOK_NAMESPACE: 'daybook2' })).toEqual([])
  })

  it.each(['%zz', 'a%2Fb', 'a b', 'x'.repeat(64), 'ss@host/db'])(
    'is told that MongoDB has no database %s',
    (database) => {
      const problems = problemsOf({ DAYBOOK_READ_MODELS: `mongodb://user:12345/${database}` })
      expect(problems.join()).toMatch(/^DAYBOOK_READ_MODELS must name its (database|hosts)/)
      expect(problems).toHaveLength(1)
    },
  )

  it('never shows what may hold a password', () => {
    const problems = problemsOf({
      DAYBOOK_EVENT_STORE: 'postgres://u:hunter2@db',
      DAYBOOK_FEED: 'kafka://u:hunter2@:0',
      DAYBOOK_READ_MODELS: 'mongodb://u:hunter2@a b',
      DAYBOOK_CURSOR_SECRET: 'hunter2',
    })
    expect(problems).toHaveLength(4)
    expect(problems.join()).not.toContain('hunter2')
  })
})

describe('the table of settings', () => {
  it('has a meaning and a default for each', () => {
    for (const { name, meaning, default: usual } of settings)
      expect([name, meaning !== '', usual !== '']).toEqual([name, true, true])
  })

  it('names the variables that are taken, and no others', () => {
    for (const { name } of settings)
      expect(problemsOf({ [name]: '\u0000' }).join()).not.toContain('is not a setting')
    expect(settings).toHaveLength(15)
  })
})

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    parseConfig(environment)
    return []
  } catch (error) {
    if (error instanceof ConfigRefused) return error.problems
    throw error
  }
}
