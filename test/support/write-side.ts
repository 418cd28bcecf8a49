import type { Keeping } from '#commands/handler/books/ledger-memory.ts'
import { openCommandBus } from '#commands/handler/command-bus.ts'
import type {
  BatchOutcome,
  Circumstances,
  CommandBus,
  DryRun,
  Outcome,
} from '#commands/handler/outcome.ts'
import type { MemoryBounds } from '#commands/handler/ledgers-in-memory.ts'
import { type ParsedItem, parseBatchItem, parseCommand } from '#commands/parse-command.ts'
import { decodeEvent } from '#events/decode.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import { ledgerStream } from '#events/stream-names.ts'
import type { ClockMarks } from '#ports/clock.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { Pace } from '#ports/pace.ts'
import type { Logger } from '#ports/logger.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { SettableClock } from '#test/support/settable-clock.ts'
import type { Json, JsonObject } from '#values/json.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

const circumstances: Circumstances = {
  actor: 'anonymous',
  correlationId: 'correlation-1',
  causationId: 'causation-1',
}

let keys = 0

/** A key that was not used before, in whatever ledger. */
export function newKey(): string {
  keys += 1
  return `key ${keys}`
}

export type Asked = { readonly key?: string; readonly ledgerId?: string }

/** One process's write side over a store, asked the way a client asks: by names and JSON. */
export class WriteSide implements AsyncDisposable {
  readonly bus: CommandBus
  readonly store: EventStore
  readonly clock: SettableClock

  constructor({
    store = new MemoryEventStore(),
    clock = new SettableClock(),
    ...rest
  }: {
    readonly store?: EventStore
    readonly clock?: SettableClock
    readonly clockMarks?: ClockMarks
    readonly bounds?: { readonly commandsMax: number; readonly bytesMax: number }
    readonly pace?: Pace
    readonly writer?: string
    readonly keeping?: Keeping
    readonly memory?: MemoryBounds
    readonly logger?: Logger
  } = {}) {
    this.store = store
    this.clock = clock
    this.bus = openCommandBus({ store, clock, logger: silent, ...rest })
  }

  ask(command: string, members: JsonObject, asked: Asked = {}): Promise<Outcome> {
    return this.bus.execute(this.#request(command, members, asked))
  }

  async rehearse(command: string, members: JsonObject, asked: Asked = {}): Promise<Outcome> {
    return (await this.rehearsal(command, members, asked)).outcome
  }

  /** A dry run, and what it was decided on. */
  rehearsal(command: string, members: JsonObject, asked: Asked = {}): Promise<DryRun<Outcome>> {
    return this.bus.dryRun(this.#request(command, members, asked))
  }

  askBatch(
    mode: 'atomic' | 'independent',
    commands: readonly Json[],
    asked: Asked = {},
  ): Promise<BatchOutcome> {
    return this.bus.executeBatch(this.#batch(mode, commands, asked))
  }

  async rehearseBatch(
    mode: 'atomic' | 'independent',
    commands: readonly Json[],
    asked: Asked = {},
  ): Promise<BatchOutcome> {
    return (await this.bus.dryRunBatch(this.#batch(mode, commands, asked))).outcome
  }

  /** Everything recorded in a ledger, as a reader of the log finds it. */
  async events(ledgerId = 'acme'): Promise<readonly RecordedEvent[]> {
    const stored = await this.store.readStream(ledgerStream(ledgerId), 0n, 100_000)
    return stored.map(({ json }) => decodeEvent(json))
  }

  /** The types of the events from a revision on, oldest first. */
  async types(from = 0n): Promise<readonly string[]> {
    return (await this.events()).filter(({ revision }) => revision >= from).map(({ type }) => type)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bus[Symbol.asyncDispose]()
  }

  #request(command: string, members: JsonObject, { key, ledgerId = 'acme' }: Asked) {
    return {
      ...circumstances,
      ledgerId,
      key: key ?? newKey(),
      item: wellFormed(command, members),
    }
  }

  #batch(
    mode: 'atomic' | 'independent',
    commands: readonly Json[],
    { key, ledgerId = 'acme' }: Asked,
  ) {
    const items = commands.map((command) => parseBatchItem(command))
    return { ...circumstances, ledgerId, key: key ?? newKey(), mode, items, commands }
  }
}

/** A command that a test means to be well-formed. */
export function wellFormed(command: string, members: JsonObject): ParsedItem {
  const parsed = parseCommand(command, members)
  if ('malformed' in parsed) throw new TypeError(`${command}: ${JSON.stringify(parsed.malformed)}`)
  return parsed
}

/** A write side whose ledger `acme` has the accounts bank:cash, users:alice, users:bob and fees: revisions 0 to 4. */
export async function openedBooks(
  parts: ConstructorParameters<typeof WriteSide>[0] = {},
): Promise<WriteSide> {
  const side = new WriteSide(parts)
  await side.ask('OpenLedger', openAcme, { key: 'open-acme' })
  await side.ask('OpenAccount', { accountId: 'bank:cash', type: 'asset' })
  await side.ask('OpenAccount', { accountId: 'users:alice', type: 'liability' })
  await side.ask('OpenAccount', { accountId: 'users:bob', type: 'liability' })
  await side.ask('OpenAccount', { accountId: 'fees', type: 'income' })
  return side
}

export const openAcme = {
  ledgerId: 'acme',
  name: 'Acme Payments',
  assets: [{ asset: 'USD/2', name: 'US dollar' }, { asset: 'EUR/2' }],
} as const

/** The members of a PostTransaction or PlaceHold with one posting in US cents. */
export function moving(debit: string, credit: string, amount: string) {
  return { postings: [{ debit, credit, asset: 'USD/2', amount }] }
}

/** A deposit at the bank, for Alice. */
export function depositing(amount: string) {
  return moving('bank:cash', 'users:alice', amount)
}

export function paying(amount: string) {
  return moving('users:alice', 'users:bob', amount)
}

/** As an item of a batch. */
export function item(command: string, members: JsonObject, idempotencyKey?: string): JsonObject {
  return { command, ...members, ...(idempotencyKey !== undefined && { idempotencyKey }) }
}

/** What a client sees of an outcome, apart from its having been given before. */
export function asAnswered(outcome: Outcome | BatchOutcome): string {
  return JSON.stringify(outcome, (name, value: unknown) => {
    if (name === 'replayed') return undefined
    return typeof value === 'bigint' ? value.toString() : value
  })
}
