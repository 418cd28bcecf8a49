import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { link, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What a file is called until it is whole: each time another name, so that two who write at once never share it. */
export function unfinishedName(path: string): string {
  return `${path}.${randomUUID()}.unfinished`
}

/** Gives a whole file its name, durably; false where there is such a file. A link, unlike a rename, never replaces. */
export async function publishFile(unfinished: string, path: string): Promise<boolean> {
  try {
    await link(unfinished, path)
    await rm(unfinished)
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    if (!linkless.some((code) => isCode(error, code))) throw error
    if (existsSync(path)) return false
    await rename(unfinished, path)
  }
  await using folder = await open(dirname(path), 'r')
  await folder.sync()
  return true
}

/** How file systems say that they have no links, such as those of USB sticks. */
const linkless = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
