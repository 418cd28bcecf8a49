import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { ReadModels } from '#ports/read-models.ts'
import { aReadModelFile } from '#test/adapters/sqlite/read-models-file.ts'
import { main, other, tags, tasks } from '#test/contracts/read-models-examples.ts'

const program = fileURLToPath(new URL('read-models-process.ts', import.meta.url))

describe('read models that other processes write', () => {
  it('never show half a commit, wherever the process is killed', async () => {
    await using file = await aReadModelFile()
    await using readModels = await file.openReadModels()
    for (let round = 0; round < 10; round += 1) {
      const projector = await begin(file.path, main, 1_000_000)
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 30))
      await revisionIn(readModels, main)
      projector.kill()
      await projector.exited
      await revisionIn(readModels, main)
    }
    await using reopened = await file.openReadModels()
    expect(await revisionIn(reopened, main)).toBeGreaterThan(0n)
  })

  it('take the commits of all of them, each once', async () => {
    await using file = await aReadModelFile()
    const projectors = await Promise.all(
      [main, other, main].map((ledgerId) => begin(file.path, ledgerId, 150)),
    )
    await using readModels = await file.openReadModels()
    const exits = Promise.all(projectors.map(({ exited }) => exited))
    for (let round = 0; round < 50; round += 1) await revisionIn(readModels, main)
    expect(await exits).toEqual(projectors.map(() => [0, null]))
    expect(await revisionIn(readModels, main)).toBe(299n)
    expect(await revisionIn(readModels, other)).toBe(149n)
  })
})

async function begin(path: string, ledgerId: string, count: number) {
  const args = [program, path, ledgerId, String(count)]
  const projector = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(projector, 'exit')
  await once(projector.stdout, 'data')
  return { exited, kill: () => projector.kill('SIGKILL') }
}

/** The checkpoint, after looking that all documents of both models are exactly at it. */
async function revisionIn(readModels: ReadModels, ledgerId: string): Promise<bigint> {
  await using view = await readModels.view(ledgerId)
  const revision = (await view.checkpoint(tasks))?.revision
  expect((await view.checkpoint(tags))?.revision).toBe(revision)
  for (const model of [tasks, tags])
    for (const id of ['a', 'b']) expect((await view.get(model, id))?.revision).toBe(revision)
  return revision ?? -1n
}
