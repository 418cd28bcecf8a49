import { isMainThread, Worker } from 'node:worker_threads'
import { openLogger } from '#adapters/system/logger.ts'

// Run as a child process by the test beside it: logs to both descriptors, also from a worker thread.
const format = process.argv[2] === 'pretty' ? 'pretty' : 'json'
const logger = await openLogger({
  level: 'info',
  format,
  fd: 1,
  role: isMainThread ? 'main' : 'worker',
})
logger.debug({}, 'not shown')
logger.info({ revision: 9_007_199_254_740_993n }, 'a revision')
const cause = new Error('the disk is full')
logger.error({ err: new Error('not stored', { cause }) }, 'an error')
if (isMainThread) {
  const other = await openLogger({ level: 'warn', format, fd: 2 })
  other.warn({}, 'to the other descriptor')
  const worker = new Worker(new URL(import.meta.url), { argv: [format] })
  worker.once('exit', (code) => process.exit(code))
}
