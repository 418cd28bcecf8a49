import { expect, it } from 'vitest'
import { openProjecting } from '#compose/projecting.ts'
import { openLog, openReadModels } from '#compose/stores.ts'
import { parseConfig } from '#config.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { allProjections } from '#projections/all-projections.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { counting } from '#test/support/kept-models.ts'
import { Load } from '#test/support/load.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

const waitMsMax = 60_000
const added = counting(1, { name: 'added' })

it('a projection added to a running installation is filled from the log while commands go on', async () => {
  await using folder = await temporaryFolder()
  const load = new Load(['one', 'two'])
  const config = parseConfig({ DAYBOOK_DATA: `${folder.path}/data` })
  const { logger, lines } = recordingLogger()
  await using readModels = await openReadModels(config)
  {
    await using program = await startProgram(folder.path)
    using api = new ApiClient(program.url)
    await load.prepare(api)
    await run(load, api, async () => void (await load.acknowledges(200, waitMsMax)))
    await load.settle(api)
    await program.stop()
  }
  await using program = await startProgram(folder.path, {}, 'api')
  using api = new ApiClient(program.url)
  await using newer = await openProjecting(config, logger, [...allProjections, added])
  const end = new AbortController()
  const projecting = newer.run(end.signal)
  await run(load, api, () => until(isServed))
  await load.settle(api)
  await using store = await openLog(config, logger)
  for (const ledgerId of load.ledgerIds) {
    const head = await store.head(ledgerStream(ledgerId))
    await until(async () => {
      await using view = await readModels.view(ledgerId)
      const [checkpoint, found] = [await view.checkpoint(added), await view.get(added, 'all')]
      return checkpoint?.revision === head && found?.document['count'] === Number(head) + 1
    })
  }
  end.abort()
  await projecting
  expect(lines.map(({ message }) => message)).toContain('a build of a read model serves')

  async function isServed(): Promise<boolean> {
    return (await readModels.builds(added)).some(({ state }) => state === 'serving')
  }
}, 180_000)

/** Commands go on until the work is done. */
async function run(load: Load, api: ApiClient, work: () => Promise<void>): Promise<void> {
  const stop = new AbortController()
  const running = load.run(api, stop.signal, 2)
  await work().finally(() => stop.abort())
  await running
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + waitMsMax
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('it does not come to that')
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
  }
}
