import { fstatSync, statSync } from 'node:fs'

const standardOutput = 1

/** Whether a path is a hyphen, or another name of where standard output goes, such as /dev/stdout. */
export function isStandardOutput(path: string): boolean {
  if (path === '-') return true
  const named = statSync(path, { throwIfNoEntry: false })
  const own = fstatSync(standardOutput)
  return named !== undefined && named.dev === own.dev && named.ino === own.ino
}
