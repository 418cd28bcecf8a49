import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { parseEnv } from 'node:util'
import { z } from 'zod'
import { nearest } from '#cli/nearest.ts'

/** Everything that can be set, checked; paths are absolute. */
export type Config = {
  readonly dataFolder: string
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** `folder` holds the log's file. */
  readonly eventStore: { readonly engine: 'sqlite'; readonly folder: string }
  readonly feed: { readonly engine: 'log' }
  /** `folder` holds the read models' file. */
  readonly readModels: { readonly engine: 'sqlite'; readonly folder: string }
  readonly logLevel: LogLevel
  /** Undefined: pretty on a terminal, otherwise JSON. */
  readonly logFormat: LogFormat | undefined
  readonly sweepIntervalMs: number
  /** Undefined: the secret in `cursorSecretFile`, which is made where there is none. */
  readonly cursorSecret: string | undefined
  readonly cursorSecretFile: string
}

export type LogLevel = (typeof logLevels)[number]
export type LogFormat = 'json' | 'pretty'

/** One line of the table of settings, in `--help` and in the reference. */
export type Setting = { readonly name: string; readonly meaning: string; readonly default: string }

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
const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
const sweepIntervalMs = { min: 10, max: 60_000 }
const secretLengthMin = 32

/** Makes a check that answers with a sentence about what was given. */
const says = (rule: string) => ({
  error: ({ input }: { input?: unknown }) => `${rule}, not ${JSON.stringify(input)}`,
})

const engine = {
  eventStore: engineUrl(
    'sqlite:',
    { 'esdb:': 'EventStoreDB', 'kurrentdb:': 'KurrentDB' },
    'sqlite: or sqlite:FOLDER',
  ),
  feed: engineUrl('log', { 'kafka:': 'Kafka' }, 'log'),
  readModels: engineUrl(
    'sqlite:',
    { 'mongodb:': 'MongoDB', 'mongodb+srv:': 'MongoDB' },
    'sqlite: or sqlite:FOLDER',
  ),
}

const shape = {
  DAYBOOK_DATA: z.string().default('./data'),
  DAYBOOK_HOST: z
    .string()
    .regex(/^[A-Za-z0-9.:%_-]{1,253}$/, says('must be a host name or an IP address'))
    .default('127.0.0.1'),
  DAYBOOK_PORT: wholeNumber(0, 65_535).default(8080),
  DAYBOOK_EVENT_STORE: engine.eventStore.default('sqlite:'),
  DAYBOOK_FEED: engine.feed.default('log'),
  DAYBOOK_READ_MODELS: engine.readModels.default('sqlite:'),
  DAYBOOK_LOG_LEVEL: z
    .enum(logLevels, says(`must be one of ${logLevels.join(', ')}`))
    .default('info'),
  DAYBOOK_LOG_FORMAT: z.enum(['json', 'pretty'], says('must be json or pretty')).optional(),
  DAYBOOK_SWEEP_INTERVAL_MS: wholeNumber(sweepIntervalMs.min, sweepIntervalMs.max).default(500),
  DAYBOOK_CURSOR_SECRET: z
    .string()
    .min(secretLengthMin, `must have at least ${secretLengthMin} characters`)
    .optional(),
}

const schema = z.object(shape)
type SettingName = keyof typeof shape

const meanings: Readonly<Record<SettingName, Omit<Setting, 'name'>>> = {
  DAYBOOK_DATA: { meaning: 'folder of the embedded engine', default: './data' },
  DAYBOOK_HOST: { meaning: 'address to listen on', default: '127.0.0.1' },
  DAYBOOK_PORT: {
    meaning: 'port to listen on; 0 takes a free one, and the line that says `listening` names it',
    default: '8080',
  },
  DAYBOOK_EVENT_STORE: {
    meaning: 'where the log is: `sqlite:` is in the data folder, `sqlite:FOLDER` elsewhere',
    default: 'sqlite:',
  },
  DAYBOOK_FEED: {
    meaning: 'what the projectors follow: `log` is the log itself',
    default: 'log',
  },
  DAYBOOK_READ_MODELS: {
    meaning:
      'where the read models are: `sqlite:` is in the data folder, `sqlite:FOLDER` elsewhere',
    default: 'sqlite:',
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
  DAYBOOK_CURSOR_SECRET: {
    meaning: `what list cursors are signed with, ${secretLengthMin} characters or more; the same in every process that serves one API`,
    default: 'made in the data folder, in cursor.secret',
  },
}

/** The documented table of settings. */
export const settings: readonly Setting[] = Object.entries(meanings).map(([name, rest]) => ({
  name,
  ...rest,
}))

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

function configOf(values: z.infer<typeof schema>): Config {
  const dataFolder = resolve(values.DAYBOOK_DATA)
  const folderOf = (url: string) => resolve(dataFolder, url.slice('sqlite:'.length))
  return {
    dataFolder,
    host: values.DAYBOOK_HOST,
    port: values.DAYBOOK_PORT,
    eventStore: { engine: 'sqlite', folder: folderOf(values.DAYBOOK_EVENT_STORE) },
    feed: { engine: 'log' },
    readModels: { engine: 'sqlite', folder: folderOf(values.DAYBOOK_READ_MODELS) },
    logLevel: values.DAYBOOK_LOG_LEVEL,
    logFormat: values.DAYBOOK_LOG_FORMAT,
    sweepIntervalMs: values.DAYBOOK_SWEEP_INTERVAL_MS,
    cursorSecret: values.DAYBOOK_CURSOR_SECRET,
    cursorSecretFile: join(dataFolder, 'cursor.secret'),
  }
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
function engineUrl(known: string, later: Readonly<Record<string, string>>, allowed: string) {
  return z.string().superRefine((url, context) => {
    if (known.endsWith(':') ? url.startsWith(known) : url === known) return
    const name = later[`${url.split(':')[0]}:`]
    const message =
      name === undefined
        ? `must be ${allowed}`
        : `asks for ${name}, which this version does not have yet: it takes ${allowed}`
    context.addIssue({ code: 'custom', message })
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
