import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as first from '../../examples/evolving-events/first-program.ts'
import * as events from '../../examples/evolving-events/later-events.ts'
import * as later from '../../examples/evolving-events/later-program.ts'
import { UndecodableEvent } from '#events/lift.ts'
import { eventId } from '#test/events/pinned.ts'
import { canonicalJson } from '#values/canonical-json.ts'

const root = join(import.meta.dirname, '../..')
const guide = read('docs/guides/evolving-events.md')

const askedAtFirst: readonly first.Command[] = [
  { name: 'IssueCard', cardId: 'ann' },
  { name: 'LoadCard', cardId: 'ann', amount: '2000' },
  { name: 'BuyMeal', cardId: 'ann', amount: '650' },
  { name: 'GreetCard', cardId: 'ann', text: 'Welcome' },
]
const askedLater: readonly later.Command[] = [
  { name: 'IssueCard', cardId: 'ann', asset: 'EUR/2' },
  { name: 'LoadCard', cardId: 'ann', amount: '2000' },
  { name: 'BuyMeal', cardId: 'ann', amount: '650', meal: 'meal' },
]
const old = linesOf('stored-by-first.jsonl')
const recent = linesOf('stored-by-later.jsonl')

describe('the guide to evolving events', () => {
  it('shows code that is there', () => {
    const shown = [...guide.matchAll(/^`(examples\/[\w./-]+)`[^\n]*\n\n```\w+\n([\s\S]*?)^```$/gm)]
    expect(shown.length).toBeGreaterThan(4)
    for (const [, path = '', block = ''] of shown) expect(read(path)).toContain(block)
  })

  it('shows what the old program says of a newer event', () => {
    const refusals = recent.flatMap(refusalByFirst)
    for (const refusal of refusals) expect(guide).toContain(refusal)
    expect(new Set(refusals).size).toBe(3)
  })
})

describe('the example of the guide', () => {
  it('has the bytes that each program writes', () => {
    const { versions: atFirst } = first
    const { versions: now } = events
    expect(stored(askedAtFirst.map(first.decide), atFirst)).toEqual(old)
    expect(stored(askedLater.map(later.decide), now)).toEqual(recent)
  })

  it('comes to the same card from old bytes and from new ones', () => {
    const { greeting, ...card } = cardOf(old)
    expect(card).toEqual({ cardId: 'ann', asset: 'EUR/2', balance: '1350', meals: ['meal'] })
    expect(cardOf(recent)).toEqual(card)
    expect(greeting).toBe('Welcome')
  })

  it('folds a log that begins with old events and goes on with new ones', () => {
    expect(cardOf([...old, ...recent.slice(1)])).toMatchObject({
      balance: '2700',
      meals: ['meal', 'meal'],
    })
  })

  it('keeps every event one event, at its revision', () => {
    const decoded = old.map(events.decodeCardEvent)
    expect(decoded.map(({ revision }) => revision)).toEqual([0n, 1n, 2n, 3n])
    expect(decoded.map(({ type }) => type)).toEqual([
      'CardIssued',
      'CardMoved',
      'CardMoved',
      'CardGreeted',
    ])
    expect(decoded.map(({ schemaVersion }) => schemaVersion)).toEqual([2, 1, 1, 1])
  })

  it('lets no command write what is retired', () => {
    const commands: Readonly<Record<later.Command['name'], later.Command>> = {
      IssueCard: { name: 'IssueCard', cardId: 'ann', asset: 'EUR/2' },
      LoadCard: { name: 'LoadCard', cardId: 'ann', amount: '1' },
      BuyMeal: { name: 'BuyMeal', cardId: 'ann', amount: '1', meal: 'soup' },
    }
    const written = Object.values(commands).map((command) => later.decide(command).type)
    expect(written).toEqual(['CardIssued', 'CardLoaded', 'MealBought'])
    // @ts-expect-error a retired event is nothing that a command may decide
    const retired: events.NewCardEvent = { type: 'CardGreeted', data: { cardId: 'a', text: 't' } }
    expect(written).not.toContain(retired.type)
  })
})

function cardOf(lines: readonly string[]): later.Card {
  let card: later.Card | undefined
  for (const line of lines) card = later.evolve(card, events.decodeCardEvent(line))
  if (card === undefined) throw new Error('no card was issued')
  return card
}

function refusalByFirst(line: string): readonly string[] {
  try {
    first.decodeCardEvent(line)
    return []
  } catch (error) {
    if (!(error instanceof UndecodableEvent)) throw error
    return [error.message]
  }
}

type Fact = { readonly type: string; readonly data: object }

/** The bytes of events in a ledger of their own, from revision 0 on. */
function stored(
  facts: readonly Fact[],
  versions: Readonly<Record<string, number>>,
): readonly string[] {
  return facts.map(({ type, data }, revision) => {
    const contents = {
      type,
      data: { ...data },
      schemaVersion: versions[type],
      ledgerId: 'canteen',
      revision: `${revision}`,
      recordedAt: `2026-03-01T12:00:0${revision}.000Z`,
      actor: 'anonymous',
      correlationId: `correlation-${revision}`,
      causationId: `causation-${revision}`,
      writer: 'writer-1',
      idempotency: { key: `key-${revision}`, fingerprint: 'f'.repeat(64) },
    }
    return canonicalJson({ ...contents, id: eventId(canonicalJson(contents)) })
  })
}

function linesOf(file: string): readonly string[] {
  return read(`examples/evolving-events/${file}`).trimEnd().split('\n')
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}
