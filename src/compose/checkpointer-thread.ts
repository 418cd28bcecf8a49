import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { openToCheckpoint } from '#adapters/sqlite/read-models-file.ts'
import { isBusy, isDiskFull } from '#adapters/sqlite/sqlite-results.ts'
import type { CheckpointerWork } from '#compose/checkpointer.ts'
import { giveWay } from '#compose/give-way.ts'

/** Some MiB come together in it at some thousand events a second; pages that are written often are carried over once. */
const pauseMs = 250

/**
 * A checkpoint that took less left nothing: what is written next begins the log anew. After one that took longer there is
 * more, of what was committed meanwhile.
 */
const wholeMs = 3

/** In a row; others use the disk, too. */
const runsMax = 4

const { path }: CheckpointerWork = workerData
const stop = new AbortController()
parentPort?.once('message', () => stop.abort())
giveWay()
try {
  await checkpointUntilStopped()
} finally {
  parentPort?.close()
}

async function checkpointUntilStopped(): Promise<void> {
  using connection = openToCheckpoint(path)
  while (!stop.signal.aborted) {
    for (let runs = 1; runs <= runsMax; runs += 1) {
      const begunMs = performance.now()
      checkpoint(() => connection.checkpoint())
      if (performance.now() - begunMs < wholeMs) break
    }
    await sleep(pauseMs, undefined, { signal: stop.signal }).catch(() => {})
  }
}

/** What others hold, or a full disk keeps from being written, is tried again: a commit that meets it says so. */
function checkpoint(run: () => void): void {
  try {
    run()
  } catch (error) {
    if (!isBusy(error) && !isDiskFull(error)) throw error
  }
}
