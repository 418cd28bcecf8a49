import { spawnSync } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { checkLedger } from '#test/support/history-checker.ts'
import { ApiClient } from '#test/support/http-client.ts'
import type { Answer } from '#test/support/http-exchange.ts'
import { Load } from '#test/support/load.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'

const diskMiB = 24
const ballastMiB = 8

it('a full disk refuses commands with 503, keeps reads, and needs no restart once there is space', async ({
  skip,
}) => {
  await using folder = await temporaryFolder()
  const disk = join(folder.path, 'disk')
  await mkdir(disk)
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMiB}m`, 'tmpfs', disk])
  if (status !== 0) return skip('only root can mount a small disk')
  await using mounted = new AsyncDisposableStack()
  mounted.defer(() => void spawnSync('umount', ['-l', disk]))
  const ballast = join(disk, 'ballast')
  await writeFile(ballast, Buffer.alloc(ballastMiB * 1024 * 1024))
  await using program = await startProgram(disk)
  using api = new ApiClient(program.url)
  const load = new Load(['full'])
  await load.prepare(api)
  const first = await fill(api)
  expect(`${first.status} ${first.string('code')}`).toMatch(/^503 unavailable$/)
  expect((await api.get('/v1/ledgers/full')).status).toBe(200)
  expect(await readiness(api)).toBe('200 refusing')
  expect((await api.get('/v1/ledgers/full/events')).status).toBe(200)

  await rm(ballast)
  const again = await retried(() =>
    api.post('/v1/ledgers/full/transactions', transaction('after'), { 'idempotency-key': 'after' }),
  )
  expect(again.status).toBe(201)
  expect(await readiness(api)).toBe('200 up')
  const balance = await retried(() =>
    api.get('/v1/ledgers/full/accounts/a:1', { 'min-revision': `${again.revision}` }),
  )
  const { filled } = accepted
  expect(balance.at('data', 'balances', 0, 'posted')).toBe(`${filled + 1}`)
  const violations = await checkLedger(api, 'full', load.attempts)
  expect(
    violations.filter((violation) => !violation.includes('under which nothing was sent')),
  ).toEqual([])
  expect(await program.stop()).toEqual({ code: 0, signal: null })
}, 120_000)

async function readiness(api: ApiClient): Promise<string> {
  const ready = await api.get('/health/ready')
  return `${ready.status} ${String(ready.at('data', 'dependencies', 'event-store'))}`
}

const accepted = { filled: 0 }

/** Posts large transactions until one is refused: that answer. */
async function fill(api: ApiClient): Promise<Answer> {
  for (;;) {
    const answer = await api.post('/v1/ledgers/full/transactions', transaction('x'.repeat(15_000)))
    if (answer.status !== 201) return answer
    accepted.filled += 1
  }
}

function transaction(pad: string) {
  return {
    postings: [{ debit: 'a:0', credit: 'a:1', asset: 'USD/2', amount: '1' }],
    metadata: { pad },
  }
}

/** What a client does that is told to come again. */
async function retried(send: () => Promise<Answer>): Promise<Answer> {
  let answer = await send()
  for (let tries = 0; answer.status === 503 && tries < 20; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    answer = await send()
  }
  return answer
}
