import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { findProgram } from './java.ts'

/** The servers that Maven brings; each has its `<name>.pom.xml` here. */
export type JarsName = 'kafka' | 'mongodb'

const mavenMsMax = 180_000
const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'

/** The user's cache folder of a server: `libs` with its jars, and what else is made once. Named after its pom. */
export function cacheFolder(name: JarsName): string {
  const caches = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const digest = createHash('sha256')
    .update(readFileSync(pomOf(name)))
    .digest('hex')
  return join(caches, 'daybook/servers', `${name}-${digest.slice(0, 16)}`)
}

/** Whether they were downloaded before. */
export function haveJars(name: JarsName): boolean {
  return existsSync(cacheFolder(name))
}

/**
 * Downloads the jars unless that was done before: 5–10 s and about 50 MB. Any number of processes may at
 * the same time. Resolves to the class path.
 * @throws where Maven is missing, fails or takes longer than `mavenMsMax`
 */
export async function jarsOf(name: JarsName): Promise<string> {
  const folder = cacheFolder(name)
  await makeOnce(folder, (partial) => download(name, join(partial, 'libs')))
  return join(folder, 'libs', '*')
}

/** Makes a folder, or a file, that nobody ever sees half made: beside its place, then renamed into it. */
export async function makeOnce(
  path: string,
  make: (partial: string) => Promise<void>,
): Promise<void> {
  if (existsSync(path)) return
  const partial = `${path}.${randomUUID()}`
  try {
    await mkdir(join(path, '..'), { recursive: true })
    await make(partial)
    await rename(partial, path)
  } catch (error) {
    if (!existsSync(path)) throw error
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

async function download(name: JarsName, libs: string): Promise<void> {
  const maven = findProgram('mvn')
  if (maven === undefined) throw new Error('Maven is not there')
  process.stderr.write(`downloading the jars of ${name}, once\n`)
  const given = ['-B', '-q', '-Dstyle.color=never', '-f', pomOf(name), plugin]
  const settings = ['-DincludeScope=runtime', `-DoutputDirectory=${libs}`]
  try {
    await promisify(execFile)(maven, [...given, ...settings], { timeout: mavenMsMax })
  } catch (error) {
    throw new Error(`Maven could not download the jars of ${name}`, { cause: error })
  }
}

function pomOf(name: JarsName): string {
  return join(import.meta.dirname, `${name}.pom.xml`)
}
