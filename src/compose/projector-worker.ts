import { Worker } from 'node:worker_threads'
import { youngObjectsUpTo } from '#adapters/system/young-objects.ts'
import type { Config } from '#config.ts'

/** The projector at work in its own thread; disposing waits until it has stopped between two batches. */
export type ProjectorThread = AsyncDisposable & {
  /** Aborted, with the reason, when the thread ended without being asked to. */
  readonly failed: AbortSignal
}

/** Starts the projector's thread and resolves once it projects. @throws what kept it from starting. */
export async function startProjectorThread(config: Config): Promise<ProjectorThread> {
  const worker = new Worker(new URL('./projector-thread.ts', import.meta.url), {
    name: 'projector',
    ...youngObjectsUpTo(96),
    workerData: config,
  })
  const failed = new AbortController()
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  let stopping = false
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.on('error', (error) => {
      failed.abort(error)
      reject(error)
    })
    worker.once('exit', (code) => {
      const early = new Error(`the projector's thread ended with code ${code}`)
      if (!stopping) failed.abort(early)
      reject(early)
    })
  })
  return {
    failed: failed.signal,
    async [Symbol.asyncDispose]() {
      stopping = true
      worker.postMessage('stop')
      await ended
    },
  }
}
