import { EventLogRefused } from '#adapters/sqlite/event-log-errors.ts'

/** Older ones can corrupt a database in WAL mode that two connections use (https://sqlite.org/wal.html, "WAL-reset bug"). */
const sqliteVersionMin = '3.51.3'

/** @throws {EventLogRefused} when the SQLite inside Node is older than `sqliteVersionMin`. */
export function refuseOldSqlite(version: string = process.versions['sqlite'] ?? '0'): void {
  if (isOlder(version, sqliteVersionMin))
    throw new EventLogRefused(
      `Node ${process.versions.node} brings SQLite ${version}, Daybook needs ${sqliteVersionMin} or newer.`,
    )
}

function isOlder(version: string, than: string): boolean {
  const own = version.split('.').map(Number)
  for (const [index, least] of than.split('.').map(Number).entries()) {
    const part = own[index] ?? 0
    if (part !== least) return part < least
  }
  return false
}
