import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Job, taskOf } from '#commands/handler/job.ts'
import type { BatchOutcome } from '#commands/handler/outcome.ts'
import { Round } from '#commands/handler/round.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import { isOpened, type Ledger, unopenedLedger } from '#ledger/ledger.ts'
import { booksOf } from '#test/support/books-of.ts'
import { anyPlan, beginnings, type Plan } from '#test/support/command-generators.ts'
import { type Entry, type NaiveCommand, worldAfter } from '#test/support/naive-books.ts'
import { patienceMs, runs, seed } from '#test/support/property-runs.ts'
import { newKey, openAcme, wellFormed } from '#test/support/write-side.ts'
import type { JsonObject } from '#values/json.ts'
import { formatTimestamp } from '#values/timestamps.ts'

const circumstances = { actor: 'anonymous', correlationId: 'c', causationId: 'c' }

/** Books driven by rounds alone, without a store. */
class Rounds {
  readonly ledger: Ledger = unopenedLedger('acme')
  readonly #events: RecordedEvent[] = []
  readonly #entries: Entry[] = []
  #ms = Date.parse('2026-03-01T12:00:00.000Z')

  /** Decides the plans in one round, singly or as one atomic batch; keeps it, or takes it back. */
  round(plans: readonly Plan[], { atomic, kept }: { atomic: boolean; kept: boolean }): number {
    const now = formatTimestamp(this.#ms) ?? ''
    const asked = plans.map((plan) => plan(worldAfter(['USD/2', 'EUR/2'], this.#entries), now))
    const earlier = new Map(this.#events.map((event) => [event.revision, event]))
    const round = new Round(this.ledger, { now, writer: 'writer-1', earlier })
    for (const job of atomic ? [batchJob(asked)] : asked.map(singleJob)) round.decide(job)
    const count = round.events.length
    if (kept) this.#keep(round, asked)
    else this.ledger.journal.undoTo(0)
    // What was taken back and is decided again comes to the same at the same time alone: holds fall due.
    if (kept) this.#ms += 100
    return count
  }

  /** For making plans: what the naive books need of what happened. */
  #keep(round: Round, asked: readonly NaiveCommand[]): void {
    this.ledger.journal.clear()
    for (const { event } of round.events) {
      this.#events.push(event)
      const command = asked[Number(event.idempotency.key.split(' ')[0])]
      if (event.type !== 'CommandRejected' && command !== undefined)
        this.#entries.push({
          ...command,
          revision: event.revision.toString(),
          now: event.recordedAt,
        })
    }
  }

  /** Opens the ledger and its accounts. */
  begin(): void {
    const open = new Round(this.ledger, {
      now: '2026-03-01T12:00:00.000Z',
      writer: 'w',
      earlier: new Map(),
    })
    open.decide(jobOf('OpenLedger', openAcme, 'open'))
    for (const { event } of open.events) this.#events.push(event)
    this.ledger.journal.clear()
    for (const command of beginnings) this.round([() => command], { atomic: false, kept: true })
  }
}

function singleJob({ command, members }: NaiveCommand, index: number): Job {
  return jobOf(command, members, `${index} ${newKey()}`)
}

function jobOf(command: string, members: JsonObject, key: string): Job {
  const { task } = taskOf(wellFormed(command, members), key)
  return { ...circumstances, kind: 'single', task, settled: Promise.withResolvers() }
}

function batchJob(asked: readonly NaiveCommand[]): Job {
  const tasks = asked.map(
    ({ command, members }, index) =>
      taskOf(wellFormed(command, members), `${index} ${newKey()}`).task,
  )
  const request = { command: 'ExecuteBatch', commands: [], mode: 'atomic' }
  const settled = Promise.withResolvers<BatchOutcome>()
  return {
    ...circumstances,
    kind: 'atomic',
    tasks,
    key: newKey(),
    fingerprint: 'f',
    request,
    settled,
  }
}

const plans = fc.array(anyPlan, { minLength: 1, maxLength: 8 })

describe(`a round that is taken back (seed ${seed})`, { timeout: patienceMs }, () => {
  it('leaves the books as they were, down to the order in which they hold things', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(plans, fc.boolean()), { minLength: 1, maxLength: 6 }),
        fc.tuple(plans, fc.boolean()),
        (history, [last, atomic]) => {
          const rounds = new Rounds()
          rounds.begin()
          expect(isOpened(rounds.ledger)).toBe(true)
          for (const [each, together] of history) {
            const before = booksOf(rounds.ledger)
            const count = rounds.round(each, { atomic: together, kept: false })
            expect(booksOf(rounds.ledger)).toEqual(before)
            // Decided again it comes to as many events: nothing of the first time is left.
            expect(rounds.round(each, { atomic: together, kept: true })).toBe(count)
          }
          const before = booksOf(rounds.ledger)
          rounds.round(last, { atomic, kept: false })
          expect(booksOf(rounds.ledger)).toEqual(before)
        },
      ),
      runs(100),
    )
  })
})
