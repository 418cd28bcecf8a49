import { isDeepStrictEqual } from 'node:util'
import type { RecordedEvent } from '#events/envelope.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import type { Checkpoint, StoredDocument } from '#ports/read-models.ts'
import { accounts } from '#projections/accounts.ts'
import { entries } from '#projections/entries.ts'
import { holds } from '#projections/holds.ts'
import { ledgers } from '#projections/ledgers.ts'
import type { Projection } from '#projections/projection.ts'
import type { Leg, Poison, ProjectorPlan } from '#test/interleavings/projector-plans.ts'
import { booksOf } from '#test/support/ledger-history.ts'
import { foldAll } from '#test/support/projection-specification.ts'
import { stored } from '#test/support/stored-events.ts'
import type { JsonObject } from '#values/json.ts'

const ledgerIds = ['acme', 'umbra'] as const

type LedgerId = (typeof ledgerIds)[number]

/** The log that projectors follow, with its poison, and what a projection has to make of it, worked out the naive way. */
export class ProjectorLog {
  readonly ledgerIds: readonly string[] = ledgerIds
  /** What the store has. */
  readonly events: readonly StoredEvent[]
  readonly projections: readonly Projection[]
  readonly #facts: ReadonlyMap<string, readonly RecordedEvent[]>
  readonly #poison: readonly Poison[]
  readonly #folds = new Map<string, ReadonlyMap<string, unknown>>()

  constructor({ dice, poison }: Pick<ProjectorPlan, 'dice' | 'poison'>) {
    this.#poison = poison
    const books = ledgerIds.map((ledgerId, index) => booksOf(ledgerId, dice[index] ?? []).events)
    this.#facts = new Map(ledgerIds.map((ledgerId, index) => [ledgerId, books[index] ?? []]))
    const inTurn = books.flat().toSorted((a, b) => Number(a.revision - b.revision))
    this.events = inTurn.map((event, position) =>
      this.#spoilt(stored(event, BigInt(position)), ['in the log']),
    )
    this.projections = [ledgers, this.#poisoned(accounts), holds, entries]
  }

  /** The batches of a feed: its stretches, and in the end what every feed delivers at least, each ledger's last event. */
  batches(legs: readonly (readonly Leg[])[]): readonly (readonly StoredEvent[])[] {
    const places = new Map<string, number>()
    const batches = legs.map((each) => each.flatMap((leg) => this.#stretch(leg, places)))
    return [...batches, this.last]
  }

  /** Each ledger's last event. */
  get last(): readonly StoredEvent[] {
    return ledgerIds.flatMap((ledgerId) => this.#streamOf(ledgerId).slice(-1))
  }

  /** The revision of a ledger's last event up to a position in the log; −1 for none. */
  lastUpTo(position: bigint, ledgerId: string): bigint {
    const before = this.events.slice(0, Number(position) + 1)
    return before.findLast(({ stream }) => stream === `ledger-${ledgerId}`)?.revision ?? -1n
  }

  /** Where a projection has to be in the end. */
  endOf(projection: Projection, ledgerId: string): { revision: bigint; isParked: boolean } {
    const facts = this.#factsOf(ledgerId)
    const poison = facts.findIndex((event) => this.#parks(projection, event))
    const first = poison === -1 ? facts.length : poison
    return { revision: BigInt(first) - 1n, isParked: first < facts.length }
  }

  /** What is wrong with documents that are said to be the fold up to the checkpoint. */
  contradiction(
    projection: Projection,
    ledgerId: string,
    shown: {
      readonly checkpoint: Checkpoint | undefined
      readonly documents: readonly StoredDocument[]
    },
  ): string | undefined {
    const revision = shown.checkpoint?.revision ?? -1n
    const documents = new Map(shown.documents.map(({ id, document }) => [id, document]))
    const expected = this.#fold(projection, ledgerId, revision)
    if (isDeepStrictEqual(documents, expected)) return undefined
    return `${projection.name} of ${ledgerId} is not the fold of 0 to ${revision}`
  }

  #fold(projection: Projection, ledgerId: string, revision: bigint): ReadonlyMap<string, unknown> {
    const key = `${projection.name} ${ledgerId} ${revision}`
    const known = this.#folds.get(key)
    if (known !== undefined) return known
    const facts = this.#factsOf(ledgerId).slice(0, Number(revision) + 1)
    const fold = new Map([...foldAll(projection, facts)].map(([id, each]) => [id, asStored(each)]))
    this.#folds.set(key, fold)
    return fold
  }

  #stretch({ ledger, skip, take, isReversed }: Leg, places: Map<string, number>): StoredEvent[] {
    const ledgerId = ledgerIds[ledger] ?? 'acme'
    const from = Math.max(0, (places.get(ledgerId) ?? 0) + skip)
    places.set(ledgerId, from + take)
    const stretch = this.#streamOf(ledgerId)
      .slice(from, from + take)
      .map((event) => this.#spoilt(event, ['in the feed']))
    return isReversed ? stretch.toReversed() : stretch
  }

  #streamOf(ledgerId: LedgerId): readonly StoredEvent[] {
    return this.events.filter(({ stream }) => stream === `ledger-${ledgerId}`)
  }

  #factsOf(ledgerId: string): readonly RecordedEvent[] {
    return this.#facts.get(ledgerId) ?? []
  }

  #spoilt(event: StoredEvent, kinds: readonly Poison['kind'][]): StoredEvent {
    return this.#isPoison(event.stream, event.revision, kinds) ? { ...event, json: '{' } : event
  }

  #poisoned(projection: Projection): Projection {
    const assertHarmless = ({ ledgerId, revision }: RecordedEvent, kind: Poison['kind']) => {
      if (this.#isPoison(`ledger-${ledgerId}`, revision, [kind]))
        throw new Error('this event is poison')
    }
    return {
      ...projection,
      keysOf(event) {
        assertHarmless(event, 'in the keys')
        return projection.keysOf(event)
      },
      evolve(document, event, key) {
        assertHarmless(event, 'in the fold')
        return projection.evolve(document, event, key)
      },
    }
  }

  /** An event that concerns no document of the projection is never folded. */
  #parks({ name }: Projection, event: RecordedEvent): boolean {
    const stream = `ledger-${event.ledgerId}`
    if (this.#isPoison(stream, event.revision, ['in the log'])) return true
    if (name !== accounts.name) return false
    const kinds: readonly Poison['kind'][] =
      accounts.keysOf(event).length > 0 ? ['in the keys', 'in the fold'] : ['in the keys']
    return this.#isPoison(stream, event.revision, kinds)
  }

  #isPoison(stream: string, revision: bigint, kinds: readonly Poison['kind'][]): boolean {
    return this.#poison.some(
      (each) =>
        kinds.includes(each.kind) &&
        stream === `ledger-${ledgerIds[each.ledger]}` &&
        revision === BigInt(each.revision),
    )
  }
}

/** What JSON keeps of it. */
function asStored(document: JsonObject): unknown {
  return JSON.parse(JSON.stringify(document))
}
