import { Worker } from 'node:worker_threads'

/** What a thread checkpoints, and what it is told of in the end. */
export type CheckpointerWork = { readonly path: string }

/** Above it a commit checkpoints by itself, however long that takes: 64 MiB of pages of 4 KiB. */
export const checkpointedPagesMax = 16_000

/**
 * Carries what is committed over to the file, in a thread of its own until disposed of, so that no commit waits for the
 * disk: measured, at some thousand events a second one commit in ten did, for 15 to 80 ms. The file has to be there. Where
 * the thread fails, the write-ahead log grows to `checkpointedPagesMax`, and commits do it themselves; `failed` is told why.
 */
export function startReadModelsCheckpointer(
  path: string,
  failed: (error: unknown) => void,
): AsyncDisposable {
  const workerData: CheckpointerWork = { path }
  const url = new URL('./read-models-checkpointer-worker.ts', import.meta.url)
  const worker = new Worker(url, { name: 'checkpointer', workerData })
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
