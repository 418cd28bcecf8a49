import { once } from 'node:events'
import process from 'node:process'
import { openLogger } from '#adapters/system/logger.ts'

// Run as a child process by the test beside it: says so many lines at once, then that it has, and ends when it is told to.
const linesCount = Number(process.argv[2])
const logger = await openLogger({ level: 'info', format: 'json', fd: 1 })
for (let line = 0; line < linesCount; line += 1) logger.info({ line }, 'x'.repeat(100))
process.stderr.write('said\n')
process.stdin.resume()
await once(process.stdin, 'end')
logger.fatal({}, 'the last line')
process.exit(3)
