import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { checkRestarted } from '#test/faults/restarted-program.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'

/** Under load, with the data folder taken away; answers how long the program went on, and its fatal lines. */
async function runWithout(path: string, takeAway: () => Promise<void>, load: Load) {
  await using program = await startProgram(path)
  using api = new ApiClient(program.url)
  await load.prepare(api)
  const running = load.run(api, new AbortController().signal)
  expect(await load.acknowledges(50, 20_000)).toBe(true)
  await takeAway()
  const ended = await Promise.race([program.exited, sleep(10_000, 'went on')])
  expect(ended).toEqual({ code: 1, signal: null })
  await running
  return program.lines.filter((line) => line.includes('"fatal"'))
}

describe('a data folder that is taken away while the program runs', () => {
  it('ends the program within seconds where it was deleted, saying so once', async () => {
    await using folder = await temporaryFolder()
    const data = join(folder.path, 'data')
    const takeAway = () => rm(data, { recursive: true, maxRetries: 5 })
    const fatal = await runWithout(folder.path, takeAway, new Load(['north']))
    expect(fatal).toHaveLength(1)
    expect(fatal[0]).toContain(`${join(data, 'log.db')} is not the file any more that was opened`)
  }, 60_000)

  it('ends it where it was renamed, and nothing is lost there', async () => {
    await using folder = await temporaryFolder()
    const data = join(folder.path, 'data')
    const elsewhere = join(folder.path, 'elsewhere')
    const load = new Load(['north', 'south'])
    const fatal = await runWithout(folder.path, () => rename(data, elsewhere), load)
    expect(fatal).toHaveLength(1)
    await rename(elsewhere, data)
    await checkRestarted(folder.path, load)
  }, 60_000)

  it.each(['log.db-wal', 'log.db-shm'])(
    'ends it where %s alone was deleted, and nothing that was acknowledged is lost',
    async (name) => {
      await using folder = await temporaryFolder()
      const file = join(folder.path, 'data', name)
      const load = new Load(['north', 'south'])
      const fatal = await runWithout(folder.path, () => rm(file), load)
      expect(fatal).toHaveLength(1)
      expect(fatal[0]).toContain(`${file} is not the file any more that was opened`)
      await checkRestarted(folder.path, load)
    },
    60_000,
  )
})
