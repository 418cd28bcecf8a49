import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { defaultLimits } from '#http/parts.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { openLiveLog } from '#test/support/http-client-events.ts'
import { Load } from '#test/support/load.ts'
import { memoryOf } from '#test/support/memory-of.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'

/** Together 25 MB: more than a connection holds on its way, which may be 10 MB, and what is buffered for a reader. */
const batchesCount = 60
const batchSize = 25
const eventsCount = 7 + batchesCount * batchSize

/** Events of 17 KB each. */
async function post(api: ApiClient): Promise<void> {
  const metadata = { pad: 'x'.repeat(16_000) }
  const posting = { debit: 'a:0', credit: 'a:1', asset: 'USD/2', amount: '1' }
  const command = { command: 'PostTransaction', postings: [posting], metadata }
  const commands = Array.from({ length: batchSize }, () => command)
  for (let index = 0; index < batchesCount; index += 1) {
    const answer = await api.post('/v1/ledgers/wide/batches', { mode: 'atomic', commands })
    expect(answer.status).toBe(201)
  }
}

it('a slow SSE client, which takes nothing of the live log, is cut off, and hurts nobody', async () => {
  await using folder = await temporaryFolder()
  await using program = await startProgram(folder.path)
  using api = new ApiClient(program.url)
  await new Load(['wide']).prepare(api)
  const url = `${program.url}/v1/ledgers/wide/events`
  using slow = await openLiveLog(url)
  using quick = await openLiveLog(url)
  await slow.until(7)
  slow.pause()
  const before = memoryOf(program.pid)
  await post(api)
  expect(await quick.until(eventsCount)).toHaveLength(eventsCount)
  // However fast all that was: longer than what waits for a reader may be too much.
  await sleep(2 * defaultLimits.streamBufferFullMs)

  slow.resume()
  await Promise.race([
    slow.ended,
    sleep(5_000).then(() => Promise.reject(new Error('the slow reader is still served'))),
  ])
  expect(slow.events.length).toBeLessThan(eventsCount)
  expect(memoryOf(program.pid) - before).toBeLessThan(256 * 1024)

  // It goes on where it was, without a gap.
  const last = slow.events.at(-1)?.id ?? ''
  using resumed = await openLiveLog(url, { 'last-event-id': last })
  const rest = await resumed.until(eventsCount - slow.events.length)
  expect(rest[0]?.id).toBe(String(BigInt(last) + 1n))
}, 60_000)

it('a reader that begins far behind is served page by page, as fast as it takes', async () => {
  await using folder = await temporaryFolder()
  await using program = await startProgram(folder.path)
  using api = new ApiClient(program.url)
  await new Load(['wide']).prepare(api)
  await post(api)
  using live = await openLiveLog(`${program.url}/v1/ledgers/wide/events`)
  live.pause()
  await sleep(500)
  live.resume()
  expect(await live.until(eventsCount)).toHaveLength(eventsCount)
}, 60_000)
