import { createServer } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { Role } from '#compose/roles.ts'
import { clusterSettings } from '#test/support/cluster-settings.ts'
import { runProgram, type Settings, temporaryFolder } from '#test/support/program.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'
import { freePort } from '#test/support/servers/free-port.ts'
import { startKafka } from '#test/support/servers/kafka.ts'

const password = 'hunter-two-and-more'
/** In seconds on a machine that does nothing else. */
const refusedMsMax = 45_000
const secret = { DAYBOOK_CURSOR_SECRET: 'the same secret in every process of a test' }

/** Runs a role that can't start, to its end. */
async function refused(role: Role | 'start', settings: Settings) {
  await using folder = await temporaryFolder()
  const begun = performance.now()
  const { code, output } = await runProgram([role], folder.path, {
    ...secret,
    DAYBOOK_LOG_LEVEL: 'debug',
    ...settings,
  })
  expect(performance.now() - begun).toBeLessThan(refusedMsMax)
  expect(output).not.toContain(password)
  expect(output).not.toContain(Buffer.from(password).toString('base64'))
  // A sentence has no stack.
  expect(output).not.toMatch(/^\s+at /m)
  const sentences = output.split('\n').filter((line) => line.startsWith(`daybook ${role}: `))
  return { code, output, sentences }
}

describe('a process that finds nobody at its servers', () => {
  it('says so of each of them, in one sentence without a password, and ends with 1', async () => {
    const [log, broker, models] = await Promise.all([freePort(), freePort(), freePort()])
    const { code, sentences } = await refused('start', {
      DAYBOOK_EVENT_STORE: `esdb://ann:${password}@127.0.0.1:${log}?tls=false`,
      DAYBOOK_FEED: `kafka://ann:${password}@127.0.0.1:${broker}`,
      DAYBOOK_READ_MODELS: `mongodb://ann:${password}@127.0.0.1:${models}/`,
    })
    expect(code).toBe(1)
    expect(sentences).toHaveLength(3)
    expect(sentences[0]).toContain(`EventStoreDB at 127.0.0.1:${log}`)
    expect(sentences[1]).toContain(`MongoDB at 127.0.0.1:${models}`)
    expect(sentences[2]).toContain(`Kafka at 127.0.0.1:${broker}`)
  }, 120_000)

  it('says so of servers that take connections and never answer', async () => {
    await using silent = createServer((socket) => socket.resume().on('error', () => {}))
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    const address = silent.address()
    const at = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    const { code, sentences } = await refused('start', {
      DAYBOOK_EVENT_STORE: `esdb://ann:${password}@${at}?tls=false`,
      DAYBOOK_FEED: `kafka://ann:${password}@${at}`,
      DAYBOOK_READ_MODELS: `mongodb://ann:${password}@${at}/`,
    })
    expect([code, sentences.length]).toEqual([1, 3])
  }, 120_000)
})

describe('a process whose settings lead nowhere', () => {
  it.each([
    ['DAYBOOK_EVENT_STORE', `esdb://ann:${password}@?tls=false`],
    ['DAYBOOK_EVENT_STORE', `http://ann:${password}@somewhere:2113`],
    ['DAYBOOK_FEED', `kafka://ann:${password}@somewhere:x`],
    ['DAYBOOK_FEED', `kafka://ann:${password}@somewhere:9092?unknown=true`],
    ['DAYBOOK_READ_MODELS', `mongodb://ann:${password}@`],
    ['DAYBOOK_READ_MODELS', `mysql://ann:${password}@somewhere`],
    ['DAYBOOK_READ_MODELS', `mongodb://ann:${password}@somewhere/?unknownOption=${password}`],
    ['DAYBOOK_EVENT_STORE', `esdb://ann:${password}@somewhere:2113?tls=perhaps`],
    ['DAYBOOK_EVENT_STORE', `esdb://ann:%zz${password}@somewhere:2113?tls=false`],
  ])(
    'names the setting or the server, and not what it says: %s %s',
    async (name, url) => {
      const { code, sentences } = await refused('start', { [name]: url })
      expect([1, 2]).toContain(code)
      expect(sentences).toHaveLength(1)
      expect(sentences[0]).toMatch(/DAYBOOK_|MongoDB|event store|Kafka/)
    },
    60_000,
  )
})

describeWith(
  ['eventstoredb', 'kafka-process', 'mongodb'],
  'a process whose broker wants another password',
  (servers) => {
    it('says so, without the one it has', async () => {
      await using kafka = await startKafka({ sasl: { username: 'ann', password: 'opensesame' } })
      const settings = {
        ...clusterSettings({ ...servers, kafka: () => kafka }),
        DAYBOOK_FEED: `kafka://ann:${password}@127.0.0.1:${kafka.port}`,
      }
      for (const role of ['relay', 'projector'] as const) {
        const { code, sentences } = await refused(role, settings)
        expect([code, sentences.length]).toEqual([1, 1])
        expect(sentences[0]).toMatch(/Kafka at 127\.0\.0\.1:\d+\): .*authentication/i)
      }
    }, 120_000)
  },
)

describeWith(['mongodb'], 'a process whose read models know no such user', (servers) => {
  it('says so, without the password', async () => {
    const { host } = new URL(servers.mongodb().url)
    const { code, sentences } = await refused('start', {
      DAYBOOK_READ_MODELS: `mongodb://ann:${password}@${host}/`,
    })
    expect([code, sentences.length]).toEqual([1, 1])
    expect(sentences[0]).toContain(`the read models (MongoDB at ${host}): `)
  }, 60_000)
})
