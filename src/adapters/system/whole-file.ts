import { randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'

/** Writes a file for its owner alone, durably and under another name, and has it put in its place: whole or not at all. */
export async function writeWhole(
  path: string,
  text: string,
  put: (unfinished: string, path: string) => Promise<void>,
): Promise<void> {
  const unfinished = `${path}.${randomUUID()}.tmp`
  try {
    await using file = await open(unfinished, 'wx', 0o600)
    await file.writeFile(text)
    await file.sync()
    await put(unfinished, path)
  } finally {
    await rm(unfinished, { force: true })
  }
}
