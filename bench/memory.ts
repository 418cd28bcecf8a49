import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { KeyFilter } from '#commands/handler/books/key-filter.ts'
import { Past } from '#commands/handler/books/past.ts'
import { Remembered } from '#commands/handler/books/remembered.ts'
import { taskOf } from '#commands/handler/job.ts'
import { Round } from '#commands/handler/round.ts'
import { parseCommand } from '#commands/parse-command.ts'
import { unopenedLedger } from '#ledger/ledger.ts'
import type { JsonObject } from '#values/json.ts'

/**
 * What a ledger's books take in memory: bytes per idempotency key while it is young and once it is kept, per account,
 * balance and open hold, beside what a bare Map of the same keys takes. A process of its own; prints one line of JSON.
 */

const count = 50_000
const nothing = { find: () => undefined }
const everyone = { actor: 'anonymous', correlationId: 'bench', causationId: 'bench' }
const remembered = new Remembered()
const ledger = unopenedLedger('bench', remembered.maps)
const round = new Round(ledger, {
  now: '2026-01-01T00:00:00.000Z',
  writer: 'bench',
  earlier: new Map(),
})

/** As a request brings it: one flat string, not one that still remembers the pieces it was put together from. */
function keyOf(kind: string, index: number): string {
  return Buffer.from(`${kind}-${index.toString().padStart(33, '0')}`).toString('latin1')
}

function perform(name: string, members: JsonObject, key: string): void {
  const item = parseCommand(name, members)
  if ('malformed' in item) throw new Error(JSON.stringify(item.malformed))
  const outcome = round.perform(taskOf(item, key).task, everyone)
  if (outcome.kind !== 'accepted') throw new Error(outcome.code)
  ledger.journal.clear()
  round.events.length = 0
}

function bytesEach(fill: (index: number) => void, afterwards = () => {}): number {
  const before = heap()
  for (let index = 0; index < count; index += 1) fill(index)
  afterwards()
  return Math.round((heap() - before) / count)
}

/** As if the index had them: what is measured next is not what they take, too. */
function leaveKeys(): void {
  remembered.seal()
  remembered.leaveTo(new Past(nothing, { number: 1n, atMost: 1n }, new KeyFilter()))
}

function heap(): number {
  setFlagsFromString('--expose_gc')
  const collect = runInNewContext('gc')
  // Memory outside of the heap is given back by the next collection.
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** What is left of each key once the index has it. */
function bytesKept(): number {
  const kept = new Remembered()
  const filter = new KeyFilter()
  const before = heap()
  for (let index = 0; index < count; index += 1) kept.maps.keys.set(keyOf('kept', index), 1n)
  kept.seal()
  for (const { kind, key } of kept.sealedKeys()) filter.add(kind, key)
  kept.leaveTo(new Past(nothing, { number: 1n, atMost: 1n }, filter))
  const bytes = (heap() - before) / count
  if (!kept.maps.keys.has('x') && filter.layerCount === 0) throw new Error('nothing was kept')
  return Math.round(bytes)
}

function post(credit: string, kind: string, index: number): void {
  const postings = [{ debit: 'bank:cash', credit, asset: 'USD/2', amount: '1' }]
  perform('PostTransaction', { postings }, keyOf(kind, index))
}

perform('OpenLedger', { ledgerId: 'bench', name: 'B', assets: [{ asset: 'USD/2' }] }, 'l')
perform('OpenAccount', { accountId: 'bank:cash', type: 'asset' }, 'a')
perform('OpenAccount', { accountId: 'shop', type: 'liability' }, 'b')

const bare = new Map<string, bigint>()
const bareKey = bytesEach((index) => bare.set(keyOf('bare', index), BigInt(index)))
const key = bytesEach((index) => post('shop', 'key', index))
leaveKeys()
const account = bytesEach((index) => {
  perform('OpenAccount', { accountId: `users:${index}`, type: 'liability' }, keyOf('acc', index))
}, leaveKeys)
const balance = bytesEach((index) => post(`users:${index}`, 'bal', index), leaveKeys)
const hold = bytesEach((index) => {
  const postings = [{ debit: `users:${index}`, credit: 'shop', asset: 'USD/2', amount: '1' }]
  perform('PlaceHold', { postings }, keyOf('hold', index))
}, leaveKeys)
const keptKey = bytesKept()
process.stdout.write(`${JSON.stringify({ bareKey, keptKey, key, account, balance, hold })}\n`)
if (bare.size !== count) throw new Error('the bare map was not kept')
