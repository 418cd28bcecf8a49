import { accessSync, constants, readFileSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import process from 'node:process'

/** What both servers run on. */
const javaVersionMin = 17

export type Java = {
  readonly path: string
  /** As its `release` file says, `17.0.15`; where there is none, undefined. */
  readonly version: string | undefined
}

/** The Java of `JAVA_HOME`, else the path's; undefined where there is none or it is too old. Starts nothing. */
export function findJava(): Java | undefined {
  const home = process.env['JAVA_HOME']
  const found = (home && executable(join(home, 'bin'), 'java')) || findProgram('java')
  if (found === undefined) return undefined
  const version = versionOf(found)
  if (version !== undefined && Number.parseInt(version, 10) < javaVersionMin) return undefined
  return { path: found, version }
}

/** Where the search path has a program. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.map((folder) => executable(folder, name)).find((path) => path !== undefined)
}

function executable(folder: string, name: string): string | undefined {
  const path = join(folder, name)
  try {
    accessSync(path, constants.X_OK)
    return path
  } catch {
    return undefined
  }
}

function versionOf(java: string): string | undefined {
  try {
    const release = readFileSync(join(dirname(realpathSync(java)), '../release'), 'utf8')
    return /^JAVA_VERSION="([^"]+)"/m.exec(release)?.[1]
  } catch {
    return undefined
  }
}
