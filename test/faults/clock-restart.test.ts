import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { daybook, ndjson, openingRows } from '#test/cli/daybook.ts'
import { outcome, TestBooks } from '#test/end-to-end/test-books.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { preloaded } from '#test/support/preloaded.ts'
import { type Program, startProgram, temporaryFolder } from '#test/support/program.ts'

const hourMs = 3_600_000
const yearMs = 365 * 24 * hourMs

const moved = `
const now = Date.now
let aheadMs = Number(pulled())
setInterval(() => { aheadMs = Number(pulled()) }, 20).unref()
Date.now = () => now() + aheadMs
`

/** One data folder, the clock of the machine it is on, and the program that runs on it. */
async function openMachine() {
  await using opening = new AsyncDisposableStack()
  const folder = opening.use(await temporaryFolder())
  const lever = preloaded(folder.path, moved)
  let running: (Program & { readonly api: ApiClient }) | undefined
  const up = () => {
    if (running === undefined) throw new Error('it does not run')
    return running
  }
  const stop = async (by: 'signal' | 'kill' = 'signal') => {
    running?.api[Symbol.dispose]()
    if (by === 'kill') await running?.kill()
    else expect(await running?.stop()).toEqual({ code: 0, signal: null })
    running = undefined
  }
  opening.defer(() => stop('kill'))
  const opened = opening.move()
  return {
    mark: join(folder.path, 'data', 'clock.json'),
    up,
    stop,
    setAhead: (ms: number) => lever.pull(`${ms}`),
    async start(command?: 'sweeper') {
      const program = await startProgram(folder.path, lever.settings, command)
      running = { ...program, api: new ApiClient(program.url) }
    },
    async readiness() {
      const ready = await up().api.get('/health/ready')
      return `${ready.status} ${String(ready.at('data', 'dependencies', 'clock'))}`
    },
    import: (rows: readonly object[]) =>
      daybook(['import', '-'], {
        folder: folder.path,
        settings: lever.settings,
        input: ndjson(rows),
      }),
    told: (message: string) => up().lines.filter((line) => line.includes(message)),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

type Machine = Awaited<ReturnType<typeof openMachine>>

/** Starts the program, with books in which there is money to move. */
async function runningBooks(machine: Machine): Promise<TestBooks> {
  await machine.start()
  const books = await TestBooks.open(() => machine.up().api)
  await books.transacted('bank:cash -> users:alice 100')
  return books
}

async function markIn(machine: Machine) {
  return JSON.parse(await readFile(machine.mark, 'utf8'))
}

async function deposit(books: TestBooks): Promise<string> {
  return outcome(await books.transact('bank:cash -> users:alice 1'))
}

/** The same command each time; whether it was answered anew, or again. */
async function repeated(books: TestBooks): Promise<string> {
  const key = { 'idempotency-key': 'always the same' }
  const answer = await books.transact('bank:cash -> users:alice 2', {}, key)
  return `${outcome(answer)} ${String(answer.headers['idempotency-replayed'])}`
}

async function restart(machine: Machine, aheadMs: number, by?: 'kill'): Promise<void> {
  await machine.stop(by)
  machine.setAhead(aheadMs)
  await machine.start()
}

describe('a clock that is a year ahead at the start of the program', { timeout: 120_000 }, () => {
  it('becomes no history and expires no hold, until it is right at another start', async () => {
    await using machine = await openMachine()
    const books = await runningBooks(machine)
    const expiresAt = new Date(Date.now() + hourMs).toISOString()
    const holdId = await books.held('users:alice -> users:bob 1', { expiresAt })
    expect(await repeated(books)).toBe('201 undefined')
    const head = await books.head()
    for (const by of [undefined, 'kill', undefined] as const) {
      await restart(machine, yearMs, by)
      expect(await machine.readiness()).toBe('200 refusing')
      expect(machine.told('commands are refused: the clock is not believed')).toHaveLength(1)
      expect(await deposit(books)).toBe('503 clock-jumped')
      expect(await repeated(books)).toBe('201 true')
    }
    await sleep(2_000)
    expect(machine.told('holds not expired')).not.toEqual([])
    expect(await books.head()).toBe(head)
    expect((await books.get(`/holds/${holdId}`)).at('data', 'status')).toBe('open')
    await restart(machine, 0)
    expect(await machine.readiness()).toBe('200 up')
    expect(await deposit(books)).toBe('201')
    expect((await books.get(`/holds/${holdId}`)).at('data', 'status')).toBe('open')
  })

  it('is believed once an operator confirms it, at the starts after that too', async () => {
    await using machine = await openMachine()
    const books = await runningBooks(machine)
    await restart(machine, yearMs)
    expect(await deposit(books)).toBe('503 clock-jumped')
    machine.up().signal('SIGUSR2')
    await expect.poll(() => machine.readiness(), { timeout: 20_000 }).toBe('200 up')
    expect(await deposit(books)).toBe('201')
    const believedAt = async () => Date.parse((await markIn(machine)).believedAt) - Date.now()
    await expect.poll(believedAt, { timeout: 20_000 }).toBeGreaterThan(yearMs / 2)
    await restart(machine, yearMs, 'kill')
    expect(await deposit(books)).toBe('201')
  })

  it('is refused after a reboot only where it was before', async () => {
    await using machine = await openMachine()
    const books = await runningBooks(machine)
    const reboot = async (aheadMs: number) => {
      await machine.stop()
      await writeFile(
        machine.mark,
        JSON.stringify({ ...(await markIn(machine)), bootId: 'another' }),
      )
      machine.setAhead(aheadMs)
      await machine.start()
    }
    await restart(machine, yearMs)
    expect(await deposit(books)).toBe('503 clock-jumped')
    await reboot(yearMs)
    expect(await deposit(books)).toBe('503 clock-jumped')
    await reboot(0)
    expect(await deposit(books)).toBe('201')
    await reboot(yearMs)
    expect(await deposit(books)).toBe('201')
  })

  it('is refused by a sweeper and by an import, too', async () => {
    await using machine = await openMachine()
    await runningBooks(machine)
    await machine.stop()
    machine.setAhead(yearMs)
    await machine.start('sweeper')
    expect(await machine.readiness()).toBe('200 refusing')
    const { code, stderr } = await machine.import(openingRows)
    expect(code).toBe(1)
    expect(stderr).toContain('stopped at line 1: clock-jumped: ')
    machine.setAhead(0)
    expect((await machine.import(openingRows)).code).toBe(0)
  })
})

describe('a mark of the clock that can be neither read nor written', { timeout: 60_000 }, () => {
  it('keeps nothing from working, and is told once', async () => {
    await using machine = await openMachine()
    await mkdir(machine.mark, { recursive: true })
    await machine.start()
    const books = await TestBooks.open(() => machine.up().api)
    expect(await deposit(books)).toBe('201')
    machine.up().signal('SIGUSR2')
    await expect
      .poll(() => machine.told('the clock is confirmed'), { timeout: 20_000 })
      .toHaveLength(1)
    expect(machine.told('the mark of the clock is ignored')).toHaveLength(1)
    const { lines } = machine.up()
    await machine.stop()
    expect(lines.filter((line) => line.includes('the clock is not marked'))).toHaveLength(1)
  })
})
