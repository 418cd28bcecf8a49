import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { describe, expect, it } from 'vitest'
import { daybook } from '#test/cli/daybook.ts'
import { temporaryFolder } from '#test/support/program.ts'
import { freePort } from '#test/support/servers/free-port.ts'

const timeout = 60_000
const endsWithinMs = 25_000

describe('a role whose servers cannot be reached', { timeout }, () => {
  it.each(['api', 'relay', 'projector', 'sweeper'] as const)(
    'says so of each that %s needs, without the passwords, and ends with 1',
    async (role) => {
      const { code, stderr, stdout } = await started(role, await freePort())
      expect(code).toBe(1)
      expect(stderr).toMatch(/: the event store \(EventStoreDB at 127\.0\.0\.1:\d+\): /)
      expect(/: the read models \(MongoDB at 127\.0\.0\.1:\d+\): /.test(stderr)).toBe(
        role !== 'relay',
      )
      expect(/: the broker\b.*Kafka at 127\.0\.0\.1:\d+\)?: /.test(stderr)).toBe(
        role === 'relay' || role === 'projector',
      )
      expect(stderr + stdout).not.toContain('hunter2')
    },
  )
})

describe('a role whose servers accept and never answer', { timeout }, () => {
  it('gives up and is gone soon, whatever their clients still wait for', async () => {
    await using silent = createServer((socket) => socket.on('error', () => {}).resume())
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { code, stderr, tookMs } = await started('projector', portOf(silent))
    expect(code).toBe(1)
    expect(stderr.match(/^daybook projector: /gm)).toHaveLength(3)
    expect(tookMs).toBeLessThan(endsWithinMs)
  })
})

async function started(role: string, port: number) {
  await using folder = await temporaryFolder()
  const begunMs = performance.now()
  const login = `joe:hunter2@127.0.0.1:${port}`
  const settings = {
    DAYBOOK_EVENT_STORE: `esdb://${login}?tls=false`,
    DAYBOOK_FEED: `kafka://${login}`,
    DAYBOOK_READ_MODELS: `mongodb://${login}/books`,
    DAYBOOK_CURSOR_SECRET: 'the same secret in every process of a test',
  }
  const { code, stderr, stdout } = await daybook([role], { folder: folder.path, settings })
  return { code, stderr, stdout, tookMs: performance.now() - begunMs }
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
