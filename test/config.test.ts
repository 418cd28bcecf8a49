import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigRefused, parseConfig, settings } from '#config.ts'

describe('an environment that says nothing', () => {
  it('gives the documented defaults', () => {
    expect(parseConfig({})).toEqual({
      dataFolder: resolve('data'),
      host: '127.0.0.1',
      port: 8080,
      eventStore: { engine: 'sqlite', folder: resolve('data') },
      feed: { engine: 'log' },
      readModels: { engine: 'sqlite', folder: resolve('data') },
      logLevel: 'info',
      logFormat: undefined,
      sweepIntervalMs: 500,
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
    expect([eventStore.folder, readModels.folder]).toEqual(['/fast/log', '/srv/daybook/models'])
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

  it('is told which engines this version does not have', () => {
    const problems = problemsOf({
      DAYBOOK_EVENT_STORE: 'esdb://admin:changeit@localhost:2113',
      DAYBOOK_FEED: 'kafka://localhost:9092',
      DAYBOOK_READ_MODELS: 'mongodb://root:secret@localhost',
    })
    expect(problems).toEqual([
      'DAYBOOK_EVENT_STORE asks for EventStoreDB, which this version does not have yet: it takes sqlite: or sqlite:FOLDER.',
      'DAYBOOK_FEED asks for Kafka, which this version does not have yet: it takes log.',
      'DAYBOOK_READ_MODELS asks for MongoDB, which this version does not have yet: it takes sqlite: or sqlite:FOLDER.',
    ])
  })

  it('never shows what may hold a password', () => {
    const problems = problemsOf({
      DAYBOOK_EVENT_STORE: 'postgres://u:hunter2@db',
      DAYBOOK_CURSOR_SECRET: 'hunter2',
    })
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
    expect(settings).toHaveLength(10)
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
