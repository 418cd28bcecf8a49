import { closeSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { EventLogRefused } from '#adapters/sqlite/event-log-errors.ts'
import { namedDamage } from '#adapters/sqlite/event-log-inspection.ts'
import {
  isBusy,
  isDiskFull,
  isNotOpened,
  isOutage,
  isSharedMemoryFull,
  reasonOf,
} from '#adapters/sqlite/sqlite-results.ts'
import { EventLogDamaged } from '#ports/event-store.ts'

/** A connection takes three; a thread takes some of its own, and has given them back once it has failed. */
const handlesNeeded = 16

const roomCodes: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT'])
const handlesCodes: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE'])

/** How Node says so where a thread begins or a module is loaded. */
const handlesWords = /EMFILE|ENFILE|too many open files/

/**
 * Two sentences for who runs the program: that a database cannot be used, why, and what to do. Undefined for an error that
 * neither the disk nor the system is to blame for, and for one of a file that already says which.
 */
export function outageOf(path: string, error: unknown): string | undefined {
  const [reason, remedy] = reasonAndRemedy(path, error) ?? []
  return reason === undefined ? undefined : `${path} cannot be used: ${reason}. ${remedy}.`
}

function reasonAndRemedy(path: string, error: unknown): readonly [string, string] | undefined {
  const reason = reasonOf(error)
  if (hasNoRoom(error)) return ['its disk is full', 'Free some space']
  if (handlesWords.test(reason) || (isNotOpened(error) && lacksHandles(dirname(path))))
    return ['this process may open no more files', 'Allow it more (ulimit -n)']
  if (isNotOpened(error))
    return [reason, 'See whether this user may write to it, and make files beside it']
  if (isBusy(error)) return [reason, 'See which process keeps it locked']
  return isOutage(error) ? [reason, 'Look after its disk'] : undefined
}

function hasNoRoom(error: unknown): boolean {
  return isDiskFull(error) || isSharedMemoryFull(error) || hasCode(error, roomCodes)
}

function hasCode(error: unknown, codes: ReadonlySet<unknown>): boolean {
  return error instanceof Error && 'code' in error && codes.has(error.code)
}

/** SQLite doesn't say. Tried on the folder: to open and close the files would cancel SQLite's locks. */
function lacksHandles(folder: string): boolean {
  const handles: number[] = []
  try {
    while (handles.length < handlesNeeded) handles.push(openSync(folder, 'r'))
    return false
  } catch (error) {
    return hasCode(error, handlesCodes)
  } finally {
    for (const handle of handles) closeSync(handle)
  }
}

/** Opens the log, or a part of that. @throws {EventLogRefused | EventLogDamaged} instead of what SQLite or the system says to it. */
export async function openingLog<Opened>(
  path: string,
  open: () => Opened | Promise<Opened>,
): Promise<Opened> {
  try {
    return await open()
  } catch (error) {
    const outage = outageOf(path, error)
    if (outage !== undefined) throw new EventLogRefused(outage, { cause: error })
    throw advised(namedDamage(path, error))
  }
}

function advised(error: unknown): unknown {
  if (!(error instanceof EventLogDamaged)) return error
  const advice = 'Keep the folder, and restore a backup.'
  return new EventLogDamaged(`${error.message}. ${advice}`, { cause: error })
}
