import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteEventStore, type SqliteEventStore } from '#adapters/sqlite/event-store.ts'
import { openCommandBus } from '#commands/handler/command-bus.ts'
import type { BatchRequest, CommandBus } from '#commands/handler/outcome.ts'
import { parseBatchItem, parseCommand } from '#commands/parse-command.ts'

const who = { actor: 'anonymous', correlationId: 'c', causationId: 'c' }
const logger = { debug() {}, info() {}, warn() {}, error() {} }

describe('the key of a batch that another process has just used', () => {
  let folder = ''
  let stores: readonly SqliteEventStore[] = []
  let buses: readonly CommandBus[] = []

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'daybook-foreign-'))
    stores = [await openSqliteEventStore({ folder }), await openSqliteEventStore({ folder })]
    const clock = { now: () => Date.now(), monotonic: () => performance.now() }
    buses = stores.map((store) => openCommandBus({ store, clock, logger }))
  })

  afterEach(async () => {
    for (const open of [...buses, ...stores]) await open[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  it('refuses every command of another batch under it, though its own keys are free', async () => {
    const [first, second] = buses
    await command(first, 'OpenLedger', { ledgerId: 'l', name: 'L', assets: [] })
    // Both know the ledger now; what the first does next, the second has not read.
    await command(second, 'RegisterAsset', { asset: 'EUR/2' })
    await first?.executeBatch(batchOf('USD/2'))
    const outcome = await second?.executeBatch(batchOf('CHF/2', 'JPY/0', 'GBP/2'))
    expect(codes(outcome)).toEqual(Array(3).fill('idempotency-key-mismatch'))
  })

  it('replays the same batch from the other process', async () => {
    const [first, second] = buses
    await command(first, 'OpenLedger', { ledgerId: 'l', name: 'L', assets: [] })
    await command(second, 'RegisterAsset', { asset: 'EUR/2' })
    await first?.executeBatch(batchOf('USD/2', 'CHF/2'))
    const outcome = await second?.executeBatch(batchOf('USD/2', 'CHF/2'))
    expect(outcome).toMatchObject({ kind: 'batch', replayed: true, revision: 3n })
  })
})

async function command(bus: CommandBus | undefined, name: string, members: object): Promise<void> {
  const item = parseCommand(name, { ...members })
  if ('malformed' in item) throw new Error(JSON.stringify(item))
  await bus?.execute({ ...who, ledgerId: 'l', key: `${name}-key`, item })
}

function batchOf(...assets: readonly string[]): BatchRequest {
  const commands = assets.map((asset) => ({ command: 'RegisterAsset', asset }))
  const items = commands.map((each) => parseBatchItem(each))
  return { ...who, ledgerId: 'l', key: 'batch', mode: 'independent', commands, items }
}

/** The codes of a batch refused as a whole, or item by item. */
function codes(outcome: Awaited<ReturnType<CommandBus['executeBatch']>> | undefined): unknown[] {
  if (outcome?.kind !== 'batch') return [outcome?.code, outcome?.code, outcome?.code]
  return outcome.items.map((item) => ('code' in item ? item.code : 'none'))
}
