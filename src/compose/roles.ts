import { type Config, ConfigRefused } from '#config.ts'

/** What a process can do; `start` does all of it that the configuration has work for. */
export type Role = 'api' | 'relay' | 'projector' | 'sweeper'

/** The roles of a whole Daybook: a relay only where there is a broker to relay to. */
export function rolesOf({ feed }: Config): readonly Role[] {
  const relay = feed.engine === 'kafka' ? (['relay'] as const) : []
  return ['api', ...relay, 'projector', 'sweeper']
}

/** @throws {ConfigRefused} where a role has nothing to work with. */
export function refuseSenselessRoles(config: Config, roles: readonly Role[]): void {
  const problems = [
    ...(roles.includes('relay') && config.feed.engine === 'log'
      ? ['DAYBOOK_FEED is log: there is no broker to relay to. It must be kafka://HOST:PORT,….']
      : []),
    ...(isOneOfSeveral(config, roles) && config.cursorSecret === undefined
      ? [
          'DAYBOOK_CURSOR_SECRET must be set, the same in every process of role api: a page may be asked of another one than its cursor came from.',
        ]
      : []),
  ]
  if (problems.length > 0) throw new ConfigRefused(problems)
}

/** An API of its own over read models on a server: others may serve beside it, each with a data folder of its own. */
function isOneOfSeveral({ readModels }: Config, roles: readonly Role[]): boolean {
  return roles.length === 1 && roles[0] === 'api' && readModels.engine === 'mongodb'
}
