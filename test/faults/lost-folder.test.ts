import { copyFile, rename, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { checkRestarted } from '#test/faults/restarted-program.ts'
import { ApiClient } from '#test/support/http-client.ts'
import type { Answer } from '#test/support/http-exchange.ts'
import { Load } from '#test/support/load.ts'
import { runProgram, startProgram, temporaryFolder } from '#test/support/program.ts'

/** Under load, with the data folder taken away; answers how long the program went on, and its fatal lines. */
async function runWithout(
  path: string,
  takeAway: () => Promise<void>,
  load: Load,
  clients?: number,
) {
  await using program = await startProgram(path)
  using api = new ApiClient(program.url)
  await load.prepare(api)
  const running = load.run(api, new AbortController().signal, clients)
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

describe('a write-ahead log that is cut short while the program runs', () => {
  it('ends the program within seconds, and what the log lacks then is noticed by the next start', async () => {
    await using folder = await temporaryFolder()
    const wal = join(folder.path, 'data', 'log.db-wal')
    const takeAway = async () => {
      // What has come in since the last look is not known to it.
      await sleep(1_500)
      await truncate(wal)
    }
    const fatal = await runWithout(folder.path, takeAway, new Load(['north', 'south']))
    expect(fatal).toHaveLength(1)
    expect(fatal[0]).toContain(`${wal} was cut short while it was in use`)
    await expect(startProgram(folder.path)).rejects.toThrow(
      /read models were made from a longer log than this one/,
    )
  }, 60_000)
})

describe('a log.db that is cut short while the program runs', () => {
  it.each([0, 4096])(
    'ends the program within seconds, saying so: to %i bytes',
    async (bytes) => {
      await using folder = await temporaryFolder()
      const log = join(folder.path, 'data', 'log.db')
      const takeAway = async () => {
        await sleep(1_500)
        await checkpointed(log)
        await truncate(log, bytes)
      }
      const fatal = await runWithout(folder.path, takeAway, new Load(['north', 'south']), 2)
      expect(fatal).toHaveLength(1)
      expect(fatal[0]).toContain(`${log} was cut short while it was in use`)
      // Whatever was acknowledged since the last checkpoint is still there.
      expect((await stat(`${log}-wal`)).size).toBeGreaterThan(0)
    },
    60_000,
  )
})

/**
 * Right after a checkpoint: the next one is some seconds away. What is cut before that, or while one is still at work, may
 * have its size again before anybody looks.
 */
async function checkpointed(log: string): Promise<void> {
  const writtenAt = async () => (await stat(log)).mtimeMs
  const before = await writtenAt()
  for (let last = before, now = before; now === before || now !== last; ) {
    last = now
    await sleep(300)
    now = await writtenAt()
  }
}

describe('a log.db that is gone or empty beside its write-ahead log', () => {
  it.each<[string, (log: string) => Promise<void>]>([
    ['gone', (log) => rm(log)],
    ['empty', (log) => truncate(log)],
  ])(
    'is refused where it is %s, and nothing is lost once it is put back',
    async (_name, takeAway) => {
      await using folder = await temporaryFolder()
      const log = join(folder.path, 'data', 'log.db')
      const load = new Load(['north', 'south'])
      await killedUnderLoad(folder.path, load)
      await copyFile(log, `${log}.mine`)
      await takeAway(log)
      const refused = `${log} is gone or empty, and ${log}-wal has events that belong to it.`
      await expect(startProgram(folder.path)).rejects.toThrow(refused)
      for (const given of [['export'], ['verify-books'], ['backup', 'copy']])
        expect(await runProgram(given, folder.path)).toMatchObject({ code: 1 })
      await rename(`${log}.mine`, log)
      await checkRestarted(folder.path, load)
    },
    60_000,
  )
})

async function killedUnderLoad(path: string, load: Load): Promise<void> {
  await using program = await startProgram(path)
  using api = new ApiClient(program.url)
  await load.prepare(api)
  const running = load.run(api, new AbortController().signal)
  expect(await load.acknowledges(50, 20_000)).toBe(true)
  await program.kill()
  await running
}

describe('lost read models, taken away while the program runs', () => {
  it.each([
    ['with their companions', ['read-models.db', 'read-models.db-wal', 'read-models.db-shm']],
    ['without their companions', ['read-models.db']],
    ['their companions alone', ['read-models.db-wal', 'read-models.db-shm']],
  ])(
    'end it within seconds, %s, and the next start has them whole',
    async (_name, names) => {
      await using folder = await temporaryFolder()
      const files = names.map((name) => join(folder.path, 'data', name))
      const takeAway = async () => {
        for (const file of files) await rm(file)
      }
      const load = new Load(['north', 'south'])
      const fatal = await runWithout(folder.path, takeAway, load)
      expect(fatal).toHaveLength(1)
      expect(fatal[0]).toContain(`${files[0]} is not the file any more that was opened`)
      await checkRestarted(folder.path, load)
    },
    60_000,
  )

  it('end the projector alone, and whoever only reads says so until they are back', async () => {
    await using folder = await temporaryFolder()
    await using program = await startProgram(folder.path, {}, 'api')
    using api = new ApiClient(program.url)
    expect(await readiness(api)).toBe('200 up')
    const load = new Load(['north'])
    {
      await using projector = await startProgram(folder.path, {}, 'projector')
      await load.prepare(api)
      expect((await shown(api)).status).toBe(200)
      for (const end of ['', '-wal', '-shm'])
        await rm(join(folder.path, 'data', `read-models.db${end}`))
      expect(await Promise.race([projector.exited, sleep(10_000, 'went on')])).toEqual({
        code: 1,
        signal: null,
      })
      expect(projector.lines.filter((line) => line.includes('"fatal"'))).toHaveLength(1)
    }
    expect(await readiness(api)).toBe('503 down')
    expect((await api.get('/v1/ledgers')).status).toBe(503)

    await using _ = await startProgram(folder.path, {}, 'projector')
    expect((await shown(api)).status).toBe(200)
    expect(await readiness(api)).toBe('200 up')
  }, 60_000)
})

async function readiness(api: ApiClient): Promise<string> {
  const ready = await api.get('/health/ready')
  const within = ready.status === 200 ? 'data' : 'context'
  return `${ready.status} ${String(ready.at(within, 'dependencies', 'read-models'))}`
}

/** The ledger, as soon as a projector has taken it in. */
async function shown(api: ApiClient): Promise<Answer> {
  let answer = await api.get('/v1/ledgers/north')
  for (let tries = 0; answer.status !== 200 && tries < 100; tries += 1) {
    await sleep(100)
    answer = await api.get('/v1/ledgers/north')
  }
  return answer
}
