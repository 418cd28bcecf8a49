import { enableCompileCache } from 'node:module'
import process from 'node:process'
import { hasMuchMemory } from '#adapters/system/young-objects.ts'
import { refuseOldSqlite } from '#adapters/sqlite/sqlite-version.ts'
import { refuseOldNode } from '#cli/node-version.ts'
import { makeRoomForYoungObjects } from '#cli/young-objects.ts'

/** What a driver left behind, such as a timer of an answer that never came, keeps an ended program no longer. */
const lingerMsMax = 3_000

// What is imported above runs on any Node that strips types, so that an old one is told so in one sentence.
try {
  refuseOldNode()
  refuseOldSqlite()
  makeRoomForYoungObjects(process.argv.slice(2), hasMuchMemory())
  process.exitCode = await run()
} catch (error) {
  process.stderr.write(`daybook: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
setTimeout(() => process.exit(), lingerMsMax).unref()

/** Arguments → config → compose → run. */
async function run(): Promise<number> {
  // Halves the time to start: what was compiled is kept in the system's folder of temporary files.
  enableCompileCache()
  const { runProgram } = await import('#cli/program.ts')
  const { openLogger } = await import('#adapters/system/logger.ts')
  const { parseStrictJson } = await import('#http/strict-json.ts')
  return runProgram(process.argv.slice(2), { openLogger, parseStrictJson })
}
