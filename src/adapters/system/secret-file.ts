import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { writeWhole } from '#adapters/system/whole-file.ts'

const secretBytes = 32

/** The secret that a file holds; where there is none, a random one is made there, for its owner alone. Processes that make it at once agree. */
export async function secretInFile(path: string): Promise<string> {
  const known = await readSecret(path)
  if (known !== undefined) return known
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await publish(path, randomBytes(secretBytes).toString('base64url'))
  const made = await readSecret(path)
  if (made === undefined)
    throw new SecretUnusable(`${path} is empty: remove the file, and start again.`)
  return made
}

/** Never over another one: a link does not replace. */
async function publish(path: string, secret: string): Promise<void> {
  try {
    await writeWhole(path, `${secret}\n`, link)
  } catch (error) {
    if (isCode(error, 'ENOSPC') || isCode(error, 'EDQUOT')) throw unmade(path, error)
    if (!isCode(error, 'EEXIST')) throw error
  }
}

/** Two sentences for who runs the program; Node's own words don't always name the file. */
class SecretUnusable extends Error {
  override readonly name = 'SecretUnusable'
}

function unmade(path: string, cause: unknown): SecretUnusable {
  return new SecretUnusable(`${path} cannot be made: its disk is full. Free some space.`, { cause })
}

async function readSecret(path: string): Promise<string | undefined> {
  try {
    const secret = (await readFile(path, 'utf8')).trim()
    return secret === '' ? undefined : secret
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    const reason = error instanceof Error ? error.message : String(error)
    throw new SecretUnusable(`${path} cannot be read: ${reason}.`, { cause: error })
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
