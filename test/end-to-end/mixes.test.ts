import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { playTour, tourSteps } from '../../examples/tour.ts'
import { checkLedger } from '#test/support/history-checker.ts'
import { type ClusterServers, clusterSettings } from '#test/support/cluster-settings.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import {
  type Program,
  runProgram,
  type Settings,
  startProgram,
  temporaryFolder,
} from '#test/support/program.ts'
import { describeWith, type Servers } from '#test/support/servers/describe-with.ts'
import type { Need } from '#test/support/servers/chances.ts'

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
const acknowledgedMsMax = 60_000

/** What is a server's and what is a folder's; the rest as every test has it. */
const mixes: readonly {
  readonly name: string
  readonly needs: readonly Need[]
  readonly embedded: readonly (keyof typeof embeddedSettings)[]
}[] = [
  {
    name: 'a log in a folder, a broker, and read models on a server',
    needs: ['kafka', 'mongodb'],
    embedded: ['DAYBOOK_EVENT_STORE'],
  },
  {
    name: 'a log and read models in a folder, and a broker',
    needs: ['kafka'],
    embedded: ['DAYBOOK_EVENT_STORE', 'DAYBOOK_READ_MODELS'],
  },
  {
    name: 'a log on a server, no broker, and read models in a folder',
    needs: ['eventstoredb'],
    embedded: ['DAYBOOK_FEED', 'DAYBOOK_READ_MODELS'],
  },
  {
    name: 'a log in a folder, no broker, and read models on a server',
    needs: ['mongodb'],
    embedded: ['DAYBOOK_EVENT_STORE', 'DAYBOOK_FEED'],
  },
]

const embeddedSettings = {
  DAYBOOK_EVENT_STORE: 'sqlite:',
  DAYBOOK_FEED: 'log',
  DAYBOOK_READ_MODELS: 'sqlite:',
} as const

for (const { name, needs, embedded } of mixes)
  describeWith(needs, `one process with ${name}`, (servers) => {
    it('answers the README’s tour, keeps its books under load, and has them verified', async () => {
      await using folder = await temporaryFolder()
      const settings = settingsOf(servers, needs, embedded)
      {
        await using program = await startProgram(folder.path, settings)
        await expectTour(program)
        await expectSoundLoad([program])
        expect(await program.stop()).toEqual({ code: 0, signal: null })
      }
      const audit = await runProgram(['verify-books'], folder.path, settings)
      expect([audit.code, audit.output]).toEqual([0, expect.stringMatching(/\d/)])
    }, 180_000)
  })

describeWith(
  ['eventstoredb', 'mongodb'],
  'two projectors that follow the log itself',
  (servers) => {
    it('take turns: where the one at work is paused or killed, the other goes on within seconds', async () => {
      await using folder = await temporaryFolder()
      const settings = settingsOf(servers, ['eventstoredb', 'mongodb'], ['DAYBOOK_FEED'])
      const start = (role: 'api' | 'projector' | 'sweeper', index: number) =>
        startProgram(
          folder.path,
          { ...settings, DAYBOOK_DATA: join(folder.path, `${role}-${index}`) },
          role,
        )
      await using api = await start('api', 0)
      await using other = await start('api', 1)
      await using sweeper = await start('sweeper', 0)
      await using first = await start('projector', 0)
      await expectTour(api)
      await using second = await start('projector', 1)
      await expectSoundLoad([api, other])
      await first.kill()
      await expectSoundLoad([api, other], 'after')
      for (const program of [api, other, sweeper, second])
        expect(await program.stop()).toEqual({ code: 0, signal: null })
      const audit = await runProgram(['verify-books'], folder.path, settings)
      expect([audit.code, audit.output]).toEqual([0, expect.stringMatching(/\d/)])
    }, 240_000)
  },
)

/** Each server's setting only where the server is needed: nobody can tell where it is otherwise. */
function settingsOf(
  servers: Servers,
  needs: readonly Need[],
  embedded: readonly (keyof typeof embeddedSettings)[],
): Settings {
  const there: ClusterServers = {
    kafka: () => (needs.includes('kafka') ? servers.kafka() : { url: '' }),
    mongodb: () => (needs.includes('mongodb') ? servers.mongodb() : { url: '', kind: 'stand-in' }),
    eventstoredb: () =>
      needs.includes('eventstoredb') ? servers.eventstoredb() : { url: '', kind: 'double' },
  }
  const chosen = embedded.map((setting) => [setting, embeddedSettings[setting]] as const)
  return { ...clusterSettings(there), ...Object.fromEntries(chosen) }
}

async function expectTour({ url }: Program): Promise<void> {
  const results = await playTour(tourSteps(readme), { url, ledgerId: 'tour' })
  expect(results.filter(({ right }) => !right)).toEqual([])
}

/** A short load on each process, and the history checker through each. */
async function expectSoundLoad(programs: readonly Program[], name = 'load'): Promise<void> {
  const load = new Load([name], name, 20)
  const apis = programs.map(({ url }) => new ApiClient(url))
  const [first] = apis
  if (first === undefined) throw new Error('there is no API')
  await load.prepare(first)
  const stop = new AbortController()
  const running = apis.map((api) => load.run(api, stop.signal, 3))
  expect(await load.acknowledges(100, acknowledgedMsMax)).toBe(true)
  stop.abort()
  await Promise.all(running)
  await load.settle(first)
  for (const api of apis) {
    expect(await checkLedger(api, name, load.attempts)).toEqual([])
    api[Symbol.dispose]()
  }
  expect(load.surprises).toEqual([])
}
