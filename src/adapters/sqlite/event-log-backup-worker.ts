import { parentPort, workerData } from 'node:worker_threads'
import type { BackupAnswer, BackupJob } from '#adapters/sqlite/event-log-backup.ts'
import { copyEventLog } from '#adapters/sqlite/event-log-copy.ts'

const job: BackupJob = workerData

async function answer(): Promise<BackupAnswer> {
  try {
    await copyEventLog(job.path, job.to)
    return {}
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { error: { name: error.name, message: error.message, isOutage: 'code' in error } }
  }
}

parentPort?.postMessage(await answer())
