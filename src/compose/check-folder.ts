import { existsSync, globSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '#config.ts'

const prefix = 'rebuild-check-'

/** Whoever has such a folder in the data folder shares it. */
const lockName = 'rebuild.lock'

export type CheckFolder = AsyncDisposable & { readonly path: string }

/** A folder for read models that are only compared; goes with its owner, or at the next look if that was killed. */
export async function makeCheckFolder({ dataFolder }: Config): Promise<CheckFolder> {
  await using opening = new AsyncDisposableStack()
  const inData = existsSync(dataFolder)
  if (inData) {
    const lock = opening.use(await openLock(dataFolder))
    lock.unlessShared(() => removeFolders(dataFolder))
    lock.share()
  }
  const path = await mkdtemp(join(inData ? dataFolder : tmpdir(), prefix))
  opening.defer(() => rm(path, { recursive: true, force: true }))
  const opened = opening.move()
  return { path, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** Removes what killed checks left in the data folder; while another check runs, nothing. */
export async function removeLeftCheckFolders({ dataFolder }: Config): Promise<void> {
  if (foldersIn(dataFolder).length === 0) return
  using lock = await openLock(dataFolder)
  lock.unlessShared(() => removeFolders(dataFolder))
}

function removeFolders(dataFolder: string): void {
  for (const name of foldersIn(dataFolder))
    rmSync(join(dataFolder, name), { recursive: true, force: true })
}

function foldersIn(dataFolder: string): readonly string[] {
  return globSync(`${prefix}*`, { cwd: dataFolder })
}

async function openLock(dataFolder: string) {
  const { SharedLock } = await import('#adapters/sqlite/shared-lock.ts')
  return new SharedLock(join(dataFolder, lockName))
}
