import { accessSync, constants } from 'node:fs'
import { basename } from 'node:path'
import process from 'node:process'

/** V8's option, and the MiB of each half. */
const option = '--min-semi-space-size'
const mebibytes = 64

/** The commands whose main thread has many requests under way at a time. */
const commands: ReadonlySet<string> = new Set(['start', 'api'])

/**
 * Gives the main thread of a server its room for young objects from the beginning: the process becomes the same program
 * with an option of V8's, which can't be changed any more once it runs. Measured: a sixth more transactions in batches, since
 * what is under way is not copied to and fro by the garbage collector (decision 0028). Nothing changes where such an option
 * is given already, where memory is short, or where a process can't become another.
 */
export function makeRoomForYoungObjects(
  [command = '']: readonly string[],
  hasMuchMemory: boolean,
): void {
  const { execPath, execArgv, argv } = process
  const isGiven = execArgv.some((argument) => /semi[-_]space[-_]size/.test(argument))
  if (!commands.has(command) || isGiven || !hasMuchMemory || !canBecomeAnother()) return
  try {
    process.execve?.(execPath, [execPath, `${option}=${mebibytes}`, ...execArgv, ...argv.slice(1)])
  } catch {
    // Not allowed here: it goes on as it is.
  }
}

/** One that fails to is ended, and a channel to the parent would be lost. */
function canBecomeAnother(): boolean {
  const isNode = /^node(js)?$/.test(basename(process.execPath))
  if (process.platform === 'win32' || process.connected || !isNode) return false
  if (process.permission !== undefined) return false
  try {
    accessSync(process.execPath, constants.X_OK)
    return true
  } catch {
    return false
  }
}
