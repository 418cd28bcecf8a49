import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Program, startProgram, temporaryFolder } from '#test/support/program.ts'
import { accepts, freePort } from '#test/support/servers/free-port.ts'

const configuration = readFileSync(join(import.meta.dirname, '../../docker/nginx.conf'), 'utf8')
const nginx = ['nginx', '/usr/sbin/nginx'].find((name) => spawnSync(name, ['-v']).status === 0)
const reason = nginx === undefined ? ' (skipped: there is no nginx)' : ''
const ledgers = Array.from({ length: 12 }, (_, index) => `shop-${index}`)
const written = z.object({ data: z.object({ writer: z.string() }) })
/** nginx leaves out for 5 s who didn't answer. */
const backMsMax = 30_000

/** The `writer` of an event names the process that wrote it. */
describe.skipIf(nginx === undefined)(`the proxy before two API processes${reason}`, () => {
  const opened = new AsyncDisposableStack()
  const ports = { proxy: 0, first: 0, second: 0 }
  let folder = ''
  let first: Program

  const startApi = async (port: number) =>
    opened.use(await startProgram(folder, { DAYBOOK_PORT: String(port) }))

  beforeAll(async () => {
    folder = opened.use(await temporaryFolder()).path
    for (const name of ['proxy', 'first', 'second'] as const) ports[name] = await freePort()
    first = await startApi(ports.first)
    await startApi(ports.second)
    const path = await configured(folder, ports)
    const checked = spawnSync(nginx ?? '', ['-t', ...flags(folder, path)], { encoding: 'utf8' })
    expect(checked.stderr).toContain('test is successful')
    const proxy = spawn(nginx ?? '', [...flags(folder, path), '-g', 'daemon off;'])
    opened.defer(() => stopped(proxy))
    while (!(await accepts(ports.proxy))) await sleep(20)
  }, 120_000)

  afterAll(() => opened.disposeAsync())

  const ask = (method: string, path: string, body?: object) =>
    fetch(`http://127.0.0.1:${ports.proxy}/v1/ledgers${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })

  const rename = async (ledgerId: string): Promise<string> => {
    const answer = await ask('PATCH', `/${ledgerId}`, { name: 'Shop' })
    expect(answer.status).toBe(200)
    const event = await ask('GET', `/${ledgerId}/events/${answer.headers.get('ledger-revision')}`)
    return written.parse(await event.json()).data.writer
  }

  const writers = async () =>
    new Map(await Promise.all(ledgers.map(async (id) => [id, await rename(id)] as const)))

  it('keeps each ledger at one process, and moves only those whose process is gone', async () => {
    for (const ledgerId of ledgers)
      expect((await ask('POST', '', { ledgerId, name: ledgerId, assets: [] })).status).toBe(201)
    const before = await writers()
    expect(new Set(before.values()).size).toBe(2)
    expect(await writers()).toEqual(before)

    await first.kill()
    const without = await writers()
    const [left] = new Set(without.values())
    expect(new Set(without.values()).size).toBe(1)
    expect(ledgers.filter((id) => before.get(id) === left).length).toBeGreaterThan(0)

    await startApi(ports.first)
    const movedBack = async () => {
      const now = await writers()
      return ledgers.filter((id) => (now.get(id) === left) === (before.get(id) === left))
    }
    await expect.poll(movedBack, { timeout: backMsMax, interval: 500 }).toEqual(ledgers)
  }, 120_000)

  it('passes on a live log as it comes', async () => {
    const stop = new AbortController()
    const url = `http://127.0.0.1:${ports.proxy}/v1/ledgers/shop-0/events`
    const headers = { Accept: 'text/event-stream' }
    const stream = await fetch(url, { headers, signal: stop.signal })
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
    const begin = await reader?.read()
    expect(begin?.value).toContain('event: LedgerOpened')
    stop.abort()
  })
})

/** The configuration as it is, but for addresses and the folder of what nginx writes. */
async function configured(
  folder: string,
  { proxy, first, second }: Readonly<Record<'proxy' | 'first' | 'second', number>>,
): Promise<string> {
  const path = join(folder, 'nginx.conf')
  const text = configuration
    .replace('listen 8080;', `listen 127.0.0.1:${proxy};`)
    .replace('server api-1:8080', `server 127.0.0.1:${first}`)
    .replace('server api-2:8080', `server 127.0.0.1:${second}`)
    .replaceAll(' /tmp/', ` ${folder}/`)
  await writeFile(path, text)
  return path
}

function flags(folder: string, path: string): readonly string[] {
  return ['-e', 'stderr', '-p', folder, '-c', path]
}

async function stopped(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
