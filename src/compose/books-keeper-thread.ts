import { parentPort, workerData } from 'node:worker_threads'
import { openSqliteBooksCacheWriter } from '#adapters/sqlite/books-cache.ts'
import { openLogger } from '#adapters/system/logger.ts'
import { keepBooks } from '#commands/handler/books/book-keeper.ts'
import type { FromKeeper, KeeperWork, ToKeeper } from '#compose/books-keeper-worker.ts'
import { giveWay } from '#compose/give-way.ts'
import { intactLog } from '#compose/intact-log.ts'
import { openLogReading } from '#compose/stores.ts'
import type { Config } from '#config.ts'
import type { Logger } from '#ports/logger.ts'
import { systemPace } from '#ports/pace.ts'

/** Less than a projector's: balances come before books. Measured: decision 0022. */
const niceness = 10

/** A quarter of a core folds more events than come in when all cores are busy. */
const restShare = 3

/** How long to wait for another process that keeps; where a command waits for the books, they come from the log then. */
const awaitedTurnWaitMsMax = 5_000
const turnWaitMsMax = 10 * 60_000

type Asked = Exclude<ToKeeper, 'stop'>

const { config, folder }: KeeperWork = workerData
const stop = new AbortController()
giveWay(niceness)
await serve(await loggerOf(config))

/** Keeps one ledger after the other, in the order asked, until it is told to stop. */
async function serve(logger: Logger): Promise<void> {
  await using opened = new AsyncDisposableStack()
  const store = intactLog(await openLogReading(config, logger, opened), logger)
  const cache = opened.use(openSqliteBooksCacheWriter(folder))
  let last: Promise<void> = Promise.resolve()
  let awaited = 0
  let begunMs = 0
  const done = new Promise<void>((resolve) => {
    parentPort?.on('message', (message: ToKeeper) => {
      if (message === 'stop') {
        stop.abort()
        return void last.then(resolve)
      }
      if (message.isAwaited) awaited += 1
      const askedMs = performance.now()
      last = last.then(() => answer(message, () => hasPatience(message, askedMs)))
    })
  })
  await done
  parentPort?.close()

  async function answer(asked: Asked, mayWait: () => boolean): Promise<void> {
    begunMs = performance.now()
    try {
      stop.signal.throwIfAborted()
      await keepBooks({ store, cache, logger, rest, mayWait }, asked, stop.signal)
      say({ ask: asked.ask })
    } catch (error) {
      if (stop.signal.aborted) return
      say({ ask: asked.ask, problem: error instanceof Error ? error.message : String(error) })
    } finally {
      if (asked.isAwaited) awaited -= 1
    }
  }

  /** What is kept for later stands in nobody's way. */
  function hasPatience({ isAwaited }: Asked, askedMs: number): boolean {
    const waitedMs = performance.now() - askedMs
    if (isAwaited) return waitedMs < awaitedTurnWaitMsMax
    return awaited === 0 && waitedMs < turnWaitMsMax
  }

  /** Measured: without, a keep every few seconds made balances three times as old at half the peak. */
  async function rest(): Promise<void> {
    const workedMs = performance.now() - begunMs
    await (awaited > 0 ? systemPace.turn() : systemPace.pause(restShare * workedMs, stop.signal))
    begunMs = performance.now()
  }
}

function say(message: FromKeeper): void {
  parentPort?.postMessage(message)
}

function loggerOf({ logLevel: level, logFormat: format }: Config): Promise<Logger> {
  return openLogger({ level, format, fd: 1, role: 'books-keeper' })
}
