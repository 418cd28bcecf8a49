import { once } from 'node:events'
import { dirname, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { EventLogRefused } from '#adapters/sqlite/event-log-errors.ts'
import { makeFolder } from '#adapters/sqlite/event-log-file.ts'
import { EventLogDamaged } from '#ports/event-store.ts'

export type BackupJob = { readonly path: string; readonly to: string }

/** How a backup ended, as the worker tells it: errors lose their class on the way, and their codes. */
export type BackupAnswer = { readonly error?: BackupError }

/** `isOutage`: the disk or SQLite said so; otherwise, where it is none of ours, it is a bug. */
type BackupError = { readonly name: string; readonly message: string; readonly isOutage: boolean }

/**
 * Makes the folder of `to`, and runs the copy in a thread of its own: checking every page takes as long as reading the
 * disk does.
 */
export async function backUpEventLog(path: string, to: string): Promise<void> {
  makeFolder(dirname(resolve(to)))
  const job: BackupJob = { path, to }
  const worker = new Worker(new URL('./event-log-backup-worker.ts', import.meta.url), {
    name: 'event-log-backup',
    workerData: job,
  })
  let answer: BackupAnswer = { error: early }
  worker.on('message', (message: BackupAnswer) => (answer = message))
  // Not the message first: a thread that ends at once emits both in one turn.
  await once(worker, 'exit')
  if (answer.error !== undefined) throw revived(answer.error, to)
}

const early: BackupError = { name: 'Error', message: 'the backup ended early', isOutage: false }

function revived({ name, message, isOutage }: BackupError, to: string): Error {
  if (name === 'EventLogRefused') return new EventLogRefused(message)
  if (name === 'EventLogDamaged') return new EventLogDamaged(message)
  return isOutage ? new EventLogRefused(`${to} cannot be made: ${message}`) : new Error(message)
}
