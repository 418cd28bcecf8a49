import { expect } from 'vitest'
import type { BatchOutcome, Outcome } from '#commands/handler/outcome.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import { beginnings, type Plan } from '#test/support/command-generators.ts'
import type { Requests } from '#test/support/laws.ts'
import { type NaiveCommand, totalsOf, worldAfter } from '#test/support/naive-books.ts'
import { type NaiveBooks, reasonsAgainst } from '#test/support/naive-judge.ts'
import { asAnswered, newKey, openAcme, WriteSide } from '#test/support/write-side.ts'
import type { SettableClock } from '#test/support/settable-clock.ts'
import type { EventStore } from '#ports/event-store.ts'
import { formatTimestamp } from '#values/timestamps.ts'
import type { JsonObject } from '#values/json.ts'

type Batch = {
  readonly mode: 'atomic' | 'independent'
  readonly commands: readonly (NaiveCommand | 'nonsense')[]
}

/** How a write side over a store keeps its books. */
export type KeptIn = (
  store: EventStore,
) => Pick<NonNullable<ConstructorParameters<typeof WriteSide>[0]>, 'keeping' | 'memory' | 'logger'>

/** What a key stood for, and how it was answered. */
type Answered = {
  readonly asked: NaiveCommand | Batch
  readonly answer: string
  readonly revision: bigint | undefined
}

const infrastructure = new Set(['unavailable', 'overloaded', 'outcome-unknown'])

/**
 * Two write sides on one log, driven at random; every event that they record is checked against the naive books, in
 * the order of the log, and every answer against the event.
 */
export class BooksRun implements AsyncDisposable {
  readonly #requests = new Map<string, NaiveCommand>()
  readonly #answers = new Map<string, Answered>()
  readonly #batches = new Map<string, Batch>()
  readonly #clock: SettableClock
  readonly #reopen: () => Promise<EventStore>
  readonly #kept: KeptIn
  #sides: WriteSide[] = []
  #books: NaiveBooks = { assets: openAcme.assets.map(({ asset }) => asset), entries: [] }
  #read = 0n

  private constructor(clock: SettableClock, reopen: () => Promise<EventStore>, kept: KeptIn) {
    this.#clock = clock
    this.#reopen = reopen
    this.#kept = kept
  }

  /**
   * Opens the ledger `acme` with a few accounts. `reopen` gives the store, again after every restart; `kept` says what
   * of the books stays in memory, and by what they are kept.
   */
  static async begin(
    clock: SettableClock,
    reopen: () => Promise<EventStore>,
    kept: KeptIn = () => ({}),
  ): Promise<BooksRun> {
    const run = new BooksRun(clock, reopen, kept)
    await run.restart()
    await run.side(0).ask('OpenLedger', openAcme, { key: 'open' })
    for (const command of beginnings) await run.ask(() => command, 0)
    return run
  }

  side(index: number): WriteSide {
    const side = this.#sides[index % this.#sides.length]
    if (side === undefined) throw new Error('nothing runs')
    return side
  }

  get now(): string {
    return formatTimestamp(this.#clock.now()) ?? ''
  }

  pass(ms: number): void {
    this.#clock.pass(ms)
  }

  /** Makes a command of a plan as the books stand now. */
  command(plan: Plan): NaiveCommand {
    return plan(worldAfter(this.#books.assets, this.#books.entries), this.now)
  }

  async ask(plan: Plan, side: number): Promise<void> {
    await this.together([plan], [side])
  }

  /** Asks all at once, each through one of the sides. */
  async together(plans: readonly Plan[], sides: readonly number[]): Promise<void> {
    const asked = plans.map((plan) => ({ key: newKey(), ...this.command(plan) }))
    await Promise.all(
      asked.map(async ({ key, ...command }, index) => {
        this.#requests.set(key, command)
        const side = this.side(sides[index % sides.length] ?? 0)
        this.#answered(key, command, await side.ask(command.command, command.members, { key }))
      }),
    )
    await this.absorb()
  }

  async batch(batch: Batch, side: number): Promise<void> {
    const key = newKey()
    this.#batches.set(key, batch)
    for (const [index, command] of batch.commands.entries())
      if (command !== 'nonsense') this.#requests.set(`${key}/${index}`, command)
    const outcome = await this.side(side).askBatch(batch.mode, itemsOf(batch), { key })
    this.#answered(key, batch, outcome)
    await this.absorb()
  }

  /** Asks one more time what was asked before; the answer is the same. */
  async retry(pick: number, side: number): Promise<void> {
    const known = [...this.#answers]
    const [key = '', earlier] = known.at(pick % Math.max(1, known.length)) ?? []
    if (earlier === undefined) return
    const { asked, answer, revision } = earlier
    const again =
      'mode' in asked
        ? await this.side(side).askBatch(asked.mode, itemsOf(asked), { key })
        : await this.side(side).ask(asked.command, asked.members, { key })
    if (!isInfrastructure(again) && revision !== undefined) {
      expect(asAnswered(again)).toBe(answer)
      expect(again.replayed).toBe(true)
    }
    const other = await this.side(side).ask('RegisterAsset', { asset: 'OTHER/7' }, { key })
    if (revision !== undefined && !isInfrastructure(other))
      expect(other).toMatchObject({ code: 'idempotency-key-mismatch' })
    else if (other.revision !== undefined)
      this.#requests.set(key, { command: 'RegisterAsset', members: { asset: 'OTHER/7' } })
    await this.absorb()
  }

  /** A dry run comes to what the naive books say, and writes nothing. */
  async rehearse(plan: Plan, side: number): Promise<void> {
    const command = this.command(plan)
    const outcome = await this.side(side).rehearse(command.command, command.members)
    expect(outcome.revision).toBeUndefined()
    // A side that doesn't know yet what the other wrote decides on what it knows.
    if (this.#sides.length === 1) this.#agrees(command, outcome)
    expect(await this.absorb()).toBe(0)
  }

  /** The sweeper's command for one of the holds. */
  async expire(pick: number, side: number): Promise<void> {
    const holds = [...worldAfter(this.#books.assets, this.#books.entries).holds]
    const [holdId, hold] = holds.at(-1 - (pick % Math.max(1, holds.length))) ?? []
    if (holdId === undefined) return
    const key = `daybook:expire:${holdId}:${hold?.expiresAt}`
    const command: NaiveCommand = { command: 'ExpireHold', members: { holdId } }
    this.#requests.set(key, command)
    await this.side(side).ask('ExpireHold', command.members, { key })
    await this.absorb()
  }

  /** All sides end as they would on a signal, and as many as asked for begin anew. */
  async restart(sides = 1): Promise<void> {
    await this[Symbol.asyncDispose]()
    const store = await this.#reopen()
    const clock = this.#clock
    this.#sides = Array.from(
      { length: sides },
      () => new WriteSide({ store, clock, ...this.#kept(store) }),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const side of this.#sides) await side[Symbol.asyncDispose]()
  }

  events(): Promise<readonly RecordedEvent[]> {
    return this.side(0).events()
  }

  /** The requests by their keys, for deciding them again. */
  get asked(): Requests {
    return this.#requests
  }

  /** Checks what the log has more than before; gives how much that was. */
  async absorb(): Promise<number> {
    const fresh = (await this.events()).slice(Number(this.#read))
    for (const event of fresh) this.#judge(event)
    this.#read += BigInt(fresh.length)
    return fresh.length
  }

  #judge(event: RecordedEvent): void {
    if (event.type === 'LedgerOpened') return
    const { key } = event.idempotency
    const command = this.#requests.get(key)
    if (command === undefined) return this.#judgeBatch(event)
    const reasons = reasonsAgainst(this.#books, command, event.recordedAt)
    if (event.type === 'CommandRejected') {
      expect([command, [...reasons]]).toEqual([command, expect.arrayContaining([event.data.code])])
      return
    }
    expect([command, [...reasons]]).toEqual([command, []])
    this.#accept(command, event)
    this.#balances(event)
  }

  #accept(
    command: NaiveCommand,
    { revision, recordedAt: now }: Pick<RecordedEvent, 'revision' | 'recordedAt'>,
  ): void {
    const entry = { ...command, revision: revision.toString(), now }
    this.#books = { ...this.#books, entries: [...this.#books.entries, entry] }
  }

  /** An atomic batch is refused for its first command that can't be, those before it having happened. */
  #judgeBatch(event: RecordedEvent): void {
    const batch = this.#batches.get(event.idempotency.key)
    if (batch === undefined || event.type !== 'CommandRejected')
      throw new Error(`nobody asked for the event at revision ${event.revision}`)
    const before = this.#books
    for (const [index, command] of batch.commands.entries()) {
      if (command === 'nonsense') throw new Error('an atomic batch has no nonsense')
      const reasons = reasonsAgainst(this.#books, command, event.recordedAt)
      if (reasons.size > 0) {
        expect([...reasons]).toContain(event.data.code)
        expect(event.data.context['index']).toBe(index)
        this.#books = before
        return
      }
      this.#accept(command, { ...event, revision: event.revision + BigInt(index) })
    }
    throw new Error('an atomic batch was refused for nothing')
  }

  #balances(event: RecordedEvent): void {
    if (!('balances' in event.data)) return
    const world = worldAfter(this.#books.assets, this.#books.entries)
    for (const { accountId, asset, postedDebits, postedCredits, ...pending } of event.data.balances)
      expect({
        postedDebits: BigInt(postedDebits),
        postedCredits: BigInt(postedCredits),
        pendingDebits: BigInt(pending.pendingDebits),
        pendingCredits: BigInt(pending.pendingCredits),
      }).toEqual(totalsOf(world, accountId, asset))
  }

  #agrees(command: NaiveCommand, outcome: Outcome): void {
    if (isInfrastructure(outcome)) return
    const reasons = [...reasonsAgainst(this.#books, command, this.now)]
    if (outcome.kind === 'accepted') expect([command, reasons]).toEqual([command, []])
    else expect([command, reasons]).toEqual([command, expect.arrayContaining([outcome.code])])
  }

  #answered(key: string, asked: NaiveCommand | Batch, outcome: Outcome | BatchOutcome): void {
    if (isInfrastructure(outcome)) return
    this.#answers.set(key, { asked, answer: asAnswered(outcome), revision: outcome.revision })
  }
}

function itemsOf({ commands }: Batch): readonly (JsonObject | 'nonsense')[] {
  return commands.map((command) =>
    command === 'nonsense' ? command : { command: command.command, ...command.members },
  )
}

/** Nothing that the books decided; of a batch, also where only some of it was not. */
function isInfrastructure(outcome: Outcome | BatchOutcome): boolean {
  if (outcome.kind === 'refused') return infrastructure.has(outcome.code)
  if (outcome.kind === 'accepted') return false
  return outcome.items.some((item) => 'kind' in item && isInfrastructure(item))
}
