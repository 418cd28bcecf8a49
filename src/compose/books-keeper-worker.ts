import { Worker } from 'node:worker_threads'
import { youngObjectsUpTo } from '#adapters/system/young-objects.ts'
import type { Config } from '#config.ts'
import { type BooksKeeper, KeeperStopped } from '#ports/books-cache.ts'

/** What the keeper's thread works on; `folder` is that of kept books, ready. */
export type KeeperWork = { readonly config: Config; readonly folder: string }

/** One keep asked for; `stop` ends the thread between two chunks. */
export type ToKeeper =
  | {
      readonly ask: number
      readonly ledgerId: string
      readonly upTo: bigint
      readonly isAwaited: boolean
    }
  | 'stop'

/** How it went. */
export type FromKeeper = { readonly ask: number; readonly problem?: string }

type Waiting = PromiseWithResolvers<void>

/** The keeper in a thread of its own, which starts when it is first asked, and again after it has failed. */
export function startBooksKeeper(work: KeeperWork): BooksKeeper & AsyncDisposable {
  return new KeeperThread(work)
}

class KeeperThread implements BooksKeeper, AsyncDisposable {
  readonly #work: KeeperWork
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | undefined
  #ended: Promise<void> = Promise.resolve()
  #asks = 0
  #stopped = false

  constructor(work: KeeperWork) {
    this.#work = work
  }

  async keep(ledgerId: string, upTo: bigint, isAwaited = false): Promise<void> {
    if (this.#stopped) throw stopped()
    this.#worker ??= this.#start()
    this.#asks += 1
    const waiting = Promise.withResolvers<void>()
    this.#waiting.set(this.#asks, waiting)
    const message: ToKeeper = { ask: this.#asks, ledgerId, upTo, isAwaited }
    // A program that waits for nothing else waits for this.
    this.#worker.ref()
    this.#worker.postMessage(message)
    await waiting.promise
  }

  /** Waits until the thread has stopped between two chunks; what was asked for is not kept. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#worker?.ref()
    this.#worker?.postMessage('stop')
    await this.#ended
  }

  #start(): Worker {
    const worker = new Worker(new URL('./books-keeper-thread.ts', import.meta.url), {
      name: 'books-keeper',
      ...youngObjectsUpTo(24),
      workerData: this.#work,
    })
    worker.on('message', (message: FromKeeper) => this.#settle(message))
    let reason: unknown
    worker.on('error', (error) => (reason = error))
    this.#ended = new Promise((resolve) =>
      worker.once('exit', () => {
        this.#worker = undefined
        this.#failAll(reason)
        resolve()
      }),
    )
    return worker
  }

  #settle({ ask, problem }: FromKeeper): void {
    const waiting = this.#waiting.get(ask)
    this.#waiting.delete(ask)
    if (this.#waiting.size === 0 && !this.#stopped) this.#worker?.unref()
    if (problem === undefined) waiting?.resolve()
    else waiting?.reject(new Error(problem))
  }

  #failAll(cause: unknown): void {
    const error = this.#stopped ? stopped() : new Error("the keeper's thread ended", { cause })
    for (const waiting of this.#waiting.values()) waiting.reject(error)
    this.#waiting.clear()
  }
}

function stopped(): KeeperStopped {
  return new KeeperStopped('the keeper was told to stop')
}
