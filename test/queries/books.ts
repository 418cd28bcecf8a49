import { commandNamed } from '#commands/catalogue.ts'
import { parseCommand } from '#commands/parse-command.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import type { LedgerEvent } from '#events/ledger-event.ts'
import { evolve } from '#ledger/evolve.ts'
import { unopenedLedger } from '#ledger/ledger.ts'
import type { JsonObject } from '#values/json.ts'
import { epochMsOf, formatTimestamp } from '#values/timestamps.ts'
import { type EnvelopeExample, recorded, recordedAtOf } from '#test/support/examples.ts'

/** What a test may say of the circumstances; an event is recorded a second after the one before it otherwise. */
export type Circumstances = Pick<EnvelopeExample, 'recordedAt' | 'actor' | 'correlationId'> & {
  readonly key?: string
}

/** Books kept by the real commands, so that what a test asks about could have happened. */
export class Books {
  readonly events: RecordedEvent[] = []
  readonly ledgerId: string
  readonly #ledger

  constructor(ledgerId = 'acme') {
    this.ledgerId = ledgerId
    this.#ledger = unopenedLedger(ledgerId)
  }

  /** Executes a command. Its event, or its refusal, is the next revision, which is returned. */
  do(name: string, members: JsonObject, circumstances: Circumstances = {}): string {
    const { key, ...fields } = circumstances
    const revision = BigInt(this.events.length)
    const now = fields.recordedAt ?? this.#aSecondLater()
    const event = recorded(this.#decided(name, members, now), {
      ...fields,
      ledgerId: this.ledgerId,
      recordedAt: now,
      revision,
      ...(key !== undefined && { idempotency: { key, fingerprint: 'f'.repeat(64) } }),
    })
    evolve(this.#ledger, event)
    this.events.push(event)
    return revision.toString()
  }

  /** A transaction of one posting. */
  post(posting: string, more: JsonObject = {}, circumstances: Circumstances = {}): string {
    return this.do('PostTransaction', { postings: [postingOf(posting)], ...more }, circumstances)
  }

  #aSecondLater(): string {
    const last = this.events.at(-1)
    const later = last && formatTimestamp(epochMsOf(last.recordedAt) + 1000)
    return later ?? recordedAtOf(0n)
  }

  #decided(name: string, members: JsonObject, now: string): LedgerEvent {
    const parsed = parseCommand(name, members)
    const command = commandNamed(name)
    if ('malformed' in parsed || command === undefined)
      throw new Error(`${name} is malformed: ${JSON.stringify(parsed)}`)
    const eventAt = (revision: bigint) => this.events[Number(revision)]
    const decision = command.decide(this.#ledger, parsed.input, { now, eventAt })
    if (decision.outcome === 'accepted') return decision.event
    if (decision.outcome === 'nothing') throw new Error(`${name} has nothing to do`)
    const { code, detail, context } = decision
    return {
      type: 'CommandRejected',
      data: { command: name, request: members, status: 422, code, detail, context },
    }
  }
}

/** Reads `bank -> alice 25 USD/2`: debits the first, credits the second. */
export function postingOf(text: string): JsonObject {
  const [debit = '', , credit = '', amount = '', asset = 'USD/2'] = text.split(' ')
  return { debit, credit, amount, asset }
}
