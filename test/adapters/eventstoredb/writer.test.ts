import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '#commands/handler/outcome.ts'
import { EventStoreUnavailable } from '#ports/event-store.ts'
import { aStore, openStoreOn } from '#test/adapters/eventstoredb/stores.ts'
import type { AppendFault } from '#test/support/eventstoredb/faults.ts'
import type { EventStoreDouble } from '#test/support/eventstoredb/start.ts'
import type { LoggedEvent } from '#test/support/history-checker-events.ts'
import { type Attempt, checkHistory } from '#test/support/history-checker.ts'
import { type Asked, depositing, openAcme, WriteSide } from '#test/support/write-side.ts'
import type { JsonObject } from '#values/json.ts'

/** Every kind of trouble in turn, between appends that go well. */
const troubles: readonly (AppendFault | undefined)[] = [
  undefined,
  { kind: 'lost', stored: true },
  undefined,
  { kind: 'lost', stored: false },
  { kind: 'slow', ms: 20 },
  { kind: 'silent', stored: true },
  undefined,
  { kind: 'refused', refusal: 'not-ready' },
  undefined,
  { kind: 'silent', stored: false },
  { kind: 'refused', refusal: 'not-leader' },
  undefined,
  { kind: 'refused', refusal: 'timed-out' },
]

const ledgers = ['acme', 'bolt', 'core']
const depositsPerLedger = 30

/** What was sent and answered, as the history checker wants it. */
class Client {
  readonly attempts: Attempt[] = []
  readonly #side: WriteSide

  constructor(side: WriteSide) {
    this.#side = side
  }

  /** Asks with the same key again until there is an answer that says what came of it. */
  async surely(command: string, members: JsonObject, asked: Required<Asked>): Promise<void> {
    const { ledgerId, key } = asked
    const commands = [{ key, request: { command, ...members } }]
    const attempt: Attempt = { ledgerId, key, commands, isAtomic: false }
    this.attempts.push(attempt)
    for (;;) {
      const outcome = await this.#ask(command, members, asked)
      if (outcome?.kind === 'accepted') {
        attempt.acknowledged = { status: 201, revision: outcome.revision, outcomes: [201] }
        return
      }
      await sleep(Math.random() * 20)
    }
  }

  /** Undefined for what is answered with 503 or 504, or with 409 while the same is under way. */
  async #ask(command: string, members: JsonObject, asked: Asked): Promise<Outcome | undefined> {
    try {
      const outcome = await this.#side.ask(command, members, asked)
      const isLater = outcome.kind === 'refused' && outcome.retryAfterSeconds !== undefined
      if (outcome.kind === 'refused' && !isLater) throw new Error(outcome.detail)
      return outcome
    } catch (error) {
      if (error instanceof EventStoreUnavailable) return undefined
      throw error
    }
  }
}

async function open(client: Client): Promise<void> {
  for (const ledgerId of ledgers) {
    const asked = (key: string) => ({ ledgerId, key })
    const cash = { accountId: 'bank:cash', type: 'asset' }
    const alice = { accountId: 'users:alice', type: 'liability' }
    await client.surely('OpenLedger', { ...openAcme, ledgerId }, asked('open'))
    await client.surely('OpenAccount', cash, asked('cash'))
    await client.surely('OpenAccount', alice, asked('alice'))
  }
}

async function deposits(client: Client, name: string): Promise<void> {
  const deposit = (ledgerId: string, turn: number) =>
    client.surely('PostTransaction', depositing('100'), { ledgerId, key: `${name} ${turn}` })
  const turns = Array.from({ length: depositsPerLedger }, (_, turn) => turn)
  await Promise.all(ledgers.flatMap((id) => turns.map((turn) => deposit(id, turn))))
}

/** The log of a ledger as somebody finds it who had no part in the trouble. */
async function readLog(double: EventStoreDouble, ledgerId: string): Promise<LoggedEvent[]> {
  await using store = await openStoreOn(double)
  const stored = await store.readStream(`ledger-${ledgerId}`, 0n, 1_000)
  return stored.map(({ json }) => JSON.parse(json))
}

describe('the ledger writer on a store whose connections drop under load', () => {
  it('has every acknowledged command in the log exactly once, at its revision', {
    timeout: 60_000,
  }, async () => {
    const limits = { appendDeadlineMs: 300, readDeadlineMs: 500 }
    await using at = await aStore(limits)
    await using otherStore = await openStoreOn(at.double, limits)
    await using one = new WriteSide({ store: at.store })
    await using other = new WriteSide({ store: otherStore })
    const clients = [new Client(one), new Client(other)]
    let suffered = 0
    at.double.faultFor = (append) => {
      const trouble = troubles[append % troubles.length]
      if (trouble !== undefined) suffered += 1
      return trouble
    }
    await open(clients[0] ?? new Client(one))
    await Promise.all(clients.map((client, index) => deposits(client, `client ${index}`)))
    expect(suffered).toBeGreaterThan(troubles.length)
    at.double.faultFor = () => undefined
    for (const ledgerId of ledgers) {
      const events = await readLog(at.double, ledgerId)
      const attempts = clients.flatMap((client) => client.attempts)
      const own = attempts.filter((attempt) => attempt.ledgerId === ledgerId)
      expect(checkHistory(events, own)).toEqual([])
      expect(events).toHaveLength(3 + 2 * depositsPerLedger)
      expect(own.filter(({ acknowledged }) => acknowledged === undefined)).toEqual([])
    }
  })
})
