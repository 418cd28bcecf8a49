import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { EventLogRefused } from '#adapters/sqlite/event-log-errors.ts'
import { makePrivateFile } from '#adapters/sqlite/event-log-file.ts'
import { SharedLock } from '#adapters/sqlite/shared-lock.ts'

/** Where one backup is made: `unfinished` is an empty file, gone with all beside it when this is disposed of. */
export type BackupPlace = Disposable & { readonly unfinished: string }

/**
 * Takes the place of a new file, which one backup has at a time, and removes what killed ones left there.
 * @throws {EventLogRefused} where another one has it, or the file is there.
 */
export function takeBackupPlace(to: string): BackupPlace {
  using taking = new DisposableStack()
  takeLock(to, taking)
  removeUnfinished(to)
  if (existsSync(to)) throw alreadyThere(to)
  taking.defer(() => removeUnfinished(to))
  const unfinished = `${to}.${randomUUID()}.unfinished`
  makePrivateFile(unfinished)
  const taken = taking.move()
  return { unfinished, [Symbol.dispose]: () => taken.dispose() }
}

export function alreadyThere(to: string): EventLogRefused {
  return new EventLogRefused(`${to} is there already.`)
}

/** The lock's file goes with it: who has opened that one before and gets the lock now has none. */
function takeLock(to: string, taking: DisposableStack): void {
  const path = `${to}.lock`
  makePrivateFile(path)
  const file = fileAt(path)
  const lock = taking.use(new SharedLock(path))
  if (!lock.takeAlone() || fileAt(path) !== file)
    throw new EventLogRefused(`another backup to ${to} is being made.`)
  taking.defer(() => rmSync(path, { force: true }))
}

function fileAt(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}

function removeUnfinished(to: string): void {
  const folder = dirname(to)
  for (const name of readdirSync(folder))
    if (name.startsWith(`${basename(to)}.`) && unfinishedEnd.test(name.slice(basename(to).length)))
      rmSync(join(folder, name), { force: true })
}

/** With what SQLite has beside a file while it is copied and checked. */
const unfinishedEnd =
  /^\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.unfinished(-journal|-wal|-shm)?$/
