import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ToolFailed } from '#cli/subcommand.ts'
import { requireServing } from '#compose/dependencies.ts'
import { intactLog } from '#compose/intact-log.ts'
import {
  type Log,
  openLogToRead,
  openSqliteLogToRead,
  type SqliteLogSettings,
} from '#compose/stores.ts'
import type { Config } from '#config.ts'
import type { Logger } from '#ports/logger.ts'

/** The log's file in its folder. */
export const logFileName = 'log.db'

/** Whether there never was a log: a file that is empty, or gone from beside its write-ahead log, is a lost one. */
export function isWithoutLog({ eventStore }: Config): boolean {
  if (eventStore.engine !== 'sqlite') return false
  return bytesOf(eventStore, '-wal') === 0 && !isThere(eventStore)
}

function hasLog({ eventStore }: Config): boolean {
  return eventStore.engine !== 'sqlite' || bytesOf(eventStore) > 0
}

function isThere(settings: SqliteLogSettings): boolean {
  return existsSync(join(settings.folder, logFileName))
}

function bytesOf({ folder }: SqliteLogSettings, suffix = ''): number {
  return statSync(join(folder, `${logFileName}${suffix}`), { throwIfNoEntry: false })?.size ?? 0
}

/**
 * Opens the log for a tool that only reads: it never makes a new one. A damaged event is never given out.
 * @throws {ToolFailed} when there is none, {DependenciesUnavailable} where it can't be reached.
 */
export async function openExistingLog(config: Config, logger: Logger): Promise<Log> {
  return intactLog(await openExistingLogAsIs(config, logger), logger)
}

/** The same for a tool that looks for damage itself. */
export async function openExistingLogAsIs(config: Config, logger: Logger): Promise<Log> {
  requireLog(config)
  await using opening = new AsyncDisposableStack()
  const store = opening.use(await openLogToRead(config, logger))
  await requireServing(config, { 'event-store': () => store.check() })
  opening.move()
  return store
}

/** The same, for what only a log in a folder can do. @throws {ToolFailed} where it is elsewhere, or there is none. */
export async function openExistingSqliteLog(
  config: Config,
  logger: Logger,
): ReturnType<typeof openSqliteLogToRead> {
  requireLog(config)
  return openSqliteLogToRead(inFolder(config), logger)
}

/** @throws {ToolFailed} where there is none, or an empty file: to give out nothing would pass for all there is. */
export function requireLog(config: Config): void {
  if (hasLog(config)) return
  const settings = inFolder(config)
  throw new ToolFailed(
    isThere(settings)
      ? `${join(settings.folder, logFileName)} is empty: keep the folder, and restore a backup.`
      : `there is no log in ${settings.folder}; is DAYBOOK_DATA right?`,
  )
}

function inFolder({ eventStore }: Config): SqliteLogSettings {
  if (eventStore.engine === 'sqlite') return eventStore
  throw new ToolFailed(
    'the log is in EventStoreDB, not in a folder: back it up with the tools of EventStoreDB.',
  )
}
