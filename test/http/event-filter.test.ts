import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EntryDocument } from '#projections/documents.ts'
import { entries } from '#projections/entries.ts'
import { passes } from '#http/log/event-filter.ts'
import { booksOf, throws } from '#test/support/ledger-history.ts'
import { foldAll } from '#test/support/projection-specification.ts'
import { runs, seed } from '#test/support/property-runs.ts'
import { stored } from '#test/support/stored-events.ts'

describe(`the events of an account (seed ${seed})`, () => {
  it('are those that have entries of it, whether they are found there or come by', () => {
    const types = new Set<string>()
    fc.assert(
      fc.property(throws, (dice) => {
        for (const event of booksOf('acme', dice).events) {
          types.add(event.type)
          const made: readonly EntryDocument[] = [...foldAll(entries, [event]).values()]
          for (const account of accountsNamedIn(event)) {
            const isThere = made.some(({ accountId }) => accountId === account)
            expect([event.type, account, passes({ account }, stored(event))]).toEqual([
              event.type,
              account,
              isThere,
            ])
          }
        }
      }),
      runs(100),
    )
    expect(types).toContain('HoldExtended')
  })
})

/** Every text of the event that could be one, and one that stands nowhere. */
function accountsNamedIn(event: object): readonly string[] {
  const text = JSON.stringify(event, (_name, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
  return [...new Set(text.match(/[a-z]+:[a-z0-9]+/g) ?? []), 'nobody:here']
}
