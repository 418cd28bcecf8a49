import { systemClock } from '#adapters/system/clock.ts'
import { openCommandBus } from '#commands/handler/command-bus.ts'
import type { CommandBus } from '#commands/handler/outcome.ts'
import { type BatchItem, parseBatchItem, parseCommand } from '#commands/parse-command.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { Json } from '#values/json.ts'

const batchItems = 250
const batchesAtOnce = 8
const accounts = ['bank:cash', 'users:alice', 'users:bob']
const everyone = { actor: 'anonymous', correlationId: 'bench', causationId: 'bench' }
const silent = { debug() {}, info() {}, warn() {}, error() {} }

const deposit = {
  command: 'PostTransaction',
  postings: [{ debit: 'bank:cash', credit: 'users:alice', asset: 'USD/2', amount: '1' }],
}

/** Fills a new log with at least `count` events: transactions, spread over ledgers. Resolves to how many they are. */
export async function fillLog(store: EventStore, count: number, ledgers = 64): Promise<number> {
  await using bus = openCommandBus({ store, clock: systemClock, logger: silent })
  const names = Array.from({ length: ledgers }, (_, index) => `bench-${index}`)
  await Promise.all(names.map((ledgerId) => openLedger(bus, ledgerId)))
  let events = ledgers * (1 + accounts.length)
  // Several batches of a ledger at once share its commits.
  const atOnce = Math.ceil(batchesAtOnce / ledgers)
  for (let round = 0; events < count; round += 1) {
    const batches = names.flatMap((ledgerId) =>
      Array.from({ length: atOnce }, (_, index) => batch(bus, ledgerId, `${round}-${index}`)),
    )
    await Promise.all(batches)
    events += batches.length * batchItems
  }
  return events
}

async function openLedger(bus: CommandBus, ledgerId: string): Promise<void> {
  const item = parseCommand('OpenLedger', { ledgerId, name: 'Bench', assets: [{ asset: 'USD/2' }] })
  if ('malformed' in item) throw new Error(JSON.stringify(item.malformed))
  await bus.execute({ ...everyone, ledgerId, key: 'open', item })
  const opening = accounts.map((accountId) => ({
    command: 'OpenAccount',
    accountId,
    type: accountId === 'bank:cash' ? 'asset' : 'liability',
  }))
  await send(bus, { ledgerId, key: 'accounts', commands: opening })
}

async function batch(bus: CommandBus, ledgerId: string, key: string): Promise<void> {
  const commands = Array.from({ length: batchItems }, () => deposit)
  await send(bus, { ledgerId, key, commands })
}

type Batch = { readonly ledgerId: string; readonly key: string; readonly commands: readonly Json[] }

async function send(bus: CommandBus, { ledgerId, key, commands }: Batch): Promise<void> {
  const items: BatchItem[] = commands.map(parseBatchItem)
  const request = { ...everyone, ledgerId, key, mode: 'independent', items, commands } as const
  const outcome = await bus.executeBatch(request)
  if (outcome.kind === 'refused') throw new Error(outcome.detail)
}
