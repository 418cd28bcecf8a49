import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Node, startNode } from '#compose/node.ts'
import { parseConfig } from '#config.ts'
import { TestBooks, outcome } from '#test/end-to-end/test-books.ts'
import { checkLedger, readLedger } from '#test/support/history-checker.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { preloaded } from '#test/support/preloaded.ts'
import { runProgram, startProgram, temporaryFolder } from '#test/support/program.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const yearMs = 365 * 24 * hourMs

/** A clock that runs, and whose wall time somebody sets. */
const clock = {
  aheadMs: 0,
  now: () => Date.now() + clock.aheadMs,
  monotonic: () => performance.now(),
}

const moved = `
const now = Date.now
let aheadMs = 0
setInterval(() => { aheadMs = Number(pulled()) }, 20).unref()
Date.now = () => now() + aheadMs
`

describe('the clock of the running program', () => {
  it('back 1 h and forward 1 y stops commands, and nothing wrong is written', {
    timeout: 120_000,
  }, async () => {
    await using folder = await temporaryFolder()
    const lever = preloaded(folder.path, moved)
    const load = new Load(['timed'])
    await using program = await startProgram(folder.path, lever.settings)
    using client = new ApiClient(program.url)
    await load.prepare(client)
    for (const aheadMs of [-hourMs, yearMs]) {
      const stop = new AbortController()
      const running = load.run(client, stop.signal, 2)
      lever.pull(`${aheadMs}`)
      await until(() => load.unknown.some(({ code }) => code === 'clock-jumped'))
      lever.pull('0')
      const before = load.acknowledged
      expect(await load.acknowledges(before + 50, 20_000)).toBe(true)
      stop.abort()
      await running
      await load.settle(client)
      load.unknown.length = 0
    }
    expect(load.surprises).toEqual([])
    expect(await checkLedger(client, 'timed', load.attempts)).toEqual([])
    const { events } = await readLedger(client, 'timed')
    expect(Date.parse(events.at(-1)?.recordedAt ?? '') - Date.now()).toBeLessThan(hourMs)
    await program.stop()
    const audit = await runProgram(['verify-books'], folder.path)
    expect([audit.code, audit.output]).toEqual([0, expect.stringMatching(/\d/)])
  })
})

async function until(isSo: () => boolean): Promise<void> {
  for (let waitedMs = 0; !isSo(); waitedMs += 20) {
    if (waitedMs > 20_000) throw new Error('it never becomes so')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('a clock that is set', () => {
  const opened = new AsyncDisposableStack()
  let node: Node
  let api: ApiClient
  const { logger, lines } = recordingLogger()

  beforeAll(async () => {
    const folder = opened.use(await temporaryFolder())
    const config = parseConfig({ DAYBOOK_DATA: folder.path, DAYBOOK_PORT: '0' })
    node = opened.use(await startNode(config, logger, { clock }))
    api = opened.use(new ApiClient(node.url))
  })

  afterAll(() => opened.disposeAsync())

  const deposit = async (books: TestBooks) => books.transact('bank:cash -> users:alice 1')

  const readiness = async () => {
    const ready = await api.get('/health/ready')
    return `${ready.status} ${String(ready.at('data', 'dependencies', 'clock'))}`
  }

  it('back by two minutes is waited out: time stands still, and never goes back', async () => {
    const books = await TestBooks.open(() => api)
    const before = await deposit(books)
    clock.aheadMs = -2 * minuteMs
    const after = await deposit(books)
    expect(outcome(after)).toBe('201')
    expect(after.at('data', 'recordedAt')).toBe(before.at('data', 'recordedAt'))
    clock.aheadMs = 0
    const later = await deposit(books)
    expect(later.string('data', 'recordedAt') >= after.string('data', 'recordedAt')).toBe(true)
  })

  it('back by an hour stops what would be written, not what is read, until it is right again', async () => {
    const books = await TestBooks.open(() => api)
    await deposit(books)
    clock.aheadMs = -hourMs
    expect(outcome(await deposit(books))).toBe('503 clock-jumped')
    expect(await books.balance('users:alice')).toBe('1 1 1')
    clock.aheadMs = 0
    expect(outcome(await deposit(books))).toBe('201')
  })

  it('ahead by a year becomes no history and expires no hold, until it is right again', async () => {
    const books = await TestBooks.open(() => api)
    await deposit(books)
    const expiresAt = new Date(Date.now() + hourMs).toISOString()
    const holdId = await books.held('users:alice -> users:bob 1', { expiresAt })
    const head = await books.head()
    clock.aheadMs = yearMs
    expect(outcome(await deposit(books))).toBe('503 clock-jumped')
    expect(await readiness()).toBe('200 refusing')
    const before = lines.length
    await new Promise((resolve) => setTimeout(resolve, 2_200))
    expect(await books.head()).toBe(head)
    const told = lines.slice(before).map(({ message }) => message)
    expect(told).toContain('holds not expired')
    expect(told.length).toBeLessThan(8)
    clock.aheadMs = 0
    expect(await readiness()).toBe('200 up')
    const over = 'commands are taken: the clock is believed again'
    expect(lines.slice(before).map(({ message }) => message)).toContain(over)
    expect(outcome(await deposit(books))).toBe('201')
    expect((await books.get(`/holds/${holdId}`)).at('data', 'status')).toBe('open')
  })

  it('ahead by a year is believed once an operator confirms it', async () => {
    const books = await TestBooks.open(() => api)
    clock.aheadMs = yearMs
    expect(outcome(await deposit(books))).toBe('503 clock-jumped')
    node.confirmClock()
    const answer = await deposit(books)
    expect(outcome(answer)).toBe('201')
    expect(Date.parse(answer.string('data', 'recordedAt')) - Date.now()).toBeGreaterThan(yearMs / 2)
    clock.aheadMs = 0
    // Set back, the clock is no longer the one that was confirmed; confirmed again, time stands still until it catches up.
    expect(outcome(await deposit(books))).toBe('503 clock-jumped')
    node.confirmClock()
    const after = await deposit(books)
    expect(after.at('data', 'recordedAt')).toBe(answer.at('data', 'recordedAt'))
  })
})
