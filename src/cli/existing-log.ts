import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ToolFailed } from '#cli/subcommand.ts'
import { openLog } from '#compose.ts'
import type { Config } from '#config.ts'
import type { Logger } from '#ports/logger.ts'

/** The log's file in its folder. */
export const logFileName = 'log.db'

export function hasLog({ eventStore }: Config): boolean {
  return existsSync(join(eventStore.folder, logFileName))
}

/**
 * Opens the log for a tool that only reads: it never makes a new one.
 * @throws {ToolFailed} when there is none.
 */
export async function openExistingLog(config: Config, logger: Logger): ReturnType<typeof openLog> {
  if (hasLog(config)) return openLog(config, logger)
  throw new ToolFailed(`there is no log in ${config.eventStore.folder}; is DAYBOOK_DATA right?`)
}
