import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { openMongoReadModels } from '#adapters/mongodb/read-models.ts'
import { openMongoReadModelWriter } from '#adapters/mongodb/read-models-writer.ts'
import { ReadModelsUnavailable } from '#ports/read-models.ts'
import { aMongoDatabase } from '#test/adapters/mongodb/database.ts'
import { aChange, aTask, at, main, tasks } from '#test/contracts/read-models-examples.ts'
import { startProxy } from '#test/support/proxy.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

const limits = { operationMaxMs: 1_500, serverSelectionMaxMs: 500, connectMaxMs: 1_000 }

describeWith(['mongodb'], 'MongoDB behind a faulty network', (servers) => {
  async function behindProxy() {
    const stack = new AsyncDisposableStack()
    const store = stack.use(await aMongoDatabase(servers))
    const proxy = stack.use(await startProxy(new URL(store.url).host))
    const { logger, lines } = recordingLogger()
    const options = { url: proxy.through(store.url), database: store.database, logger, limits }
    const writer = stack.use(await openMongoReadModelWriter(options))
    const readModels = stack.use(await openMongoReadModels(options))
    return {
      proxy,
      writer,
      readModels,
      lines,
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    }
  }

  it('cannot be reached while it is away, and is found again without being opened anew', async () => {
    await using away = await behindProxy()
    await away.proxy.refuse()
    await expect(away.readModels.check()).rejects.toThrow(ReadModelsUnavailable)
    await expect(away.writer.checkpoint(tasks, main)).rejects.toThrow(
      'MongoDB, with the read models, cannot be reached.',
    )
    await away.proxy.heal()
    await expect(away.readModels.check()).resolves.toBeUndefined()
    await away.writer.prepare(tasks)
    expect(await away.writer.commit([aChange()])).toBe(true)
    await away.proxy.refuse()
    await expect(away.readModels.view(main)).rejects.toThrow(ReadModelsUnavailable)
    await away.proxy.heal()
    await using view = await away.readModels.view(main)
    expect(await view.checkpoint(tasks)).toBeDefined()
  })

  // The driver's own timeoutMS has no effect in 7.9: it would wait for ever.
  it('is given up where it keeps silent', async () => {
    await using away = await behindProxy()
    await away.writer.prepare(tasks)
    away.proxy.blackhole()
    const begun = performance.now()
    await expect(away.writer.checkpoint(tasks, main)).rejects.toThrow(ReadModelsUnavailable)
    expect(performance.now() - begun).toBeLessThan(limits.operationMaxMs + 1_000)
    await away.proxy.heal()
  })

  it('has stored a commit once or not at all where the answer was lost', async () => {
    await using store = await behindProxy()
    await store.writer.prepare(tasks)
    let expected: bigint | undefined
    for (let revision = 0n; revision < 12n; revision += 1n) {
      const documents = [aTask('a', { number: `${revision}` }, revision)]
      const change = aChange({ expected, checkpoint: at(revision), documents })
      store.proxy.cutAfter(50 + Number(revision) * 60)
      await store.writer.commit([change]).catch(asUnavailable)
      await store.proxy.heal()
      // As a projector does: reads where it is, and goes on from there.
      while (
        (await store.writer.checkpoint(tasks, main).catch(asUnavailable))?.revision !== revision
      )
        await store.writer.commit([change]).catch(asUnavailable)
      expect(await store.writer.load(tasks, main, ['a'])).toEqual(documents)
      expected = revision
    }
  })

  it('says once that it fails and once that it answers again', async () => {
    await using away = await behindProxy()
    await away.proxy.refuse()
    for (let tries = 0; tries < 3; tries += 1) await away.readModels.check().catch(asUnavailable)
    await away.proxy.heal()
    for (let tries = 0; tries < 3; tries += 1) await away.readModels.check()
    expect(away.lines.map(({ level }) => level)).toEqual(['warn', 'info'])
  })

  it('closes while it is away', async () => {
    const away = await behindProxy()
    await away.readModels.check()
    away.proxy.blackhole()
    const begun = performance.now()
    await away.readModels[Symbol.asyncDispose]()
    expect(performance.now() - begun).toBeLessThan(limits.connectMaxMs + 1_000)
    await expect(away.readModels.check()).rejects.toThrow('The read models are closed.')
    await away.proxy.heal()
    await away[Symbol.asyncDispose]()
  })
})

it('tells nobody a password, in no error and no line, where MongoDB cannot be reached', async () => {
  const { logger, lines } = recordingLogger()
  const url = 'mongodb://daybook:hunter2@127.0.0.1:1/?authSource=admin'
  await using readModels = await openMongoReadModels({ url, database: 'any', logger, limits })
  const error: unknown = await readModels.check().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ReadModelsUnavailable)
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('hunter2')
  expect(JSON.stringify(lines)).not.toContain('hunter2')
})

function asUnavailable(error: unknown): undefined {
  if (!(error instanceof ReadModelsUnavailable)) throw error
  return undefined
}
