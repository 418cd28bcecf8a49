import { Worker } from 'node:worker_threads'
import { youngObjectsUpTo } from '#adapters/system/young-objects.ts'

/** The file that a checkpointer's thread works on. */
export type CheckpointerWork = { readonly path: string }

/**
 * Carries what is committed to read models in a file over to it, in a thread of its own until disposed of, so that no commit
 * waits for the disk: measured, at some thousand events a second one commit in ten did, for 15 to 80 ms. The file has to be
 * there. Where the thread fails, `failed` is told why, and commits do it themselves once there is much.
 */
export function startCheckpointer(path: string, failed: (error: unknown) => void): AsyncDisposable {
  const workerData: CheckpointerWork = { path }
  const url = new URL('./checkpointer-thread.ts', import.meta.url)
  const worker = new Worker(url, { name: 'checkpointer', ...youngObjectsUpTo(6), workerData })
  worker.unref()
  worker.on('error', failed)
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  return {
    async [Symbol.asyncDispose]() {
      worker.ref()
      worker.postMessage('stop')
      await ended
    },
  }
}
