import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { snapshotVersion } from '#commands/handler/books/snapshot-lines.ts'
import { restoreSnapshot, snapshotChunks } from '#commands/handler/books/snapshot.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import { evolve } from '#ledger/evolve.ts'
import { type Ledger, unopenedLedger } from '#ledger/ledger.ts'
import { booksOf as inComparison } from '#test/support/books-of.ts'
import { booksOf, type Throw, throws } from '#test/support/ledger-history.ts'

const dice: readonly Throw[] = [
  { act: 'post', pick: 1, amount: 12_345n },
  { act: 'limit', pick: 0, amount: 7n },
  { act: 'hold', pick: 2, amount: 99n },
  { act: 'hold', pick: 3, amount: 50n },
  { act: 'capture', pick: 0, amount: 10n },
  { act: 'note', pick: 1, amount: 1n },
  { act: 'freeze', pick: 2, amount: 1n },
  { act: 'register', pick: 0, amount: 1n },
  { act: 'rename', pick: 4, amount: 1n },
]

function folded(events: readonly RecordedEvent[], ledger = unopenedLedger('acme')): Ledger {
  for (const event of events) evolve(ledger, event)
  ledger.journal.clear()
  return ledger
}

function textOf(ledger: Ledger): string {
  return [...snapshotChunks(ledger, 'event-id')].join('')
}

async function* inLines(text: string): AsyncIterable<readonly string[]> {
  const lines = text.split('\n')
  const last = lines.pop() ?? ''
  yield lines
  if (last !== '') yield [last]
}

function restored(text: string) {
  return restoreSnapshot(unopenedLedger('acme'), inLines(text))
}

/** What a snapshot holds; the rest is the index's. */
function kept(ledger: Ledger): unknown {
  const { closedHolds, references, reversed, keys } = unopenedLedger('')
  return inComparison({ ...ledger, closedHolds, references, reversed, keys })
}

describe('a snapshot', () => {
  it('gives the same books again, in the same order, and they go on the same', async () => {
    await fc.assert(
      fc.asyncProperty(throws, fc.nat(50), async (all, cut) => {
        const { events } = booksOf('acme', all)
        const at = Math.min(1 + cut, events.length)
        const ledger = folded(events.slice(0, at))
        const again = unopenedLedger('acme')
        await restoreSnapshot(again, inLines(textOf(ledger)))
        expect(kept(again)).toEqual(kept(ledger))
        expect(textOf(again)).toBe(textOf(ledger))
      }),
      { numRuns: 50 },
    )
  })

  /**
   * Where this fails, what is written has changed, or what the log folds to: raise `snapshotVersion`, and let the test
   * write the file of the new version. Files of older versions are of no use to anybody.
   */
  it('has the form of its version', async () => {
    const text = textOf(folded(booksOf('acme', dice).events))
    const golden = join(import.meta.dirname, `golden/snapshot-${snapshotVersion}.ndjson`)
    await expect(text).toMatchFileSnapshot(golden)
    expect(text.split('\n').length).toBeGreaterThan(7)
  })
})

describe('a snapshot that is not what was written', () => {
  const text = textOf(folded(booksOf('acme', dice).events))

  it('is refused wherever one character is another one', async () => {
    for (let at = 0; at < text.length - 1; at += 1) {
      const flipped = String.fromCharCode(text.charCodeAt(at) ^ 1)
      await expect(restored(text.slice(0, at) + flipped + text.slice(at + 1))).rejects.toThrow()
    }
  })

  it('is refused wherever it ends early', async () => {
    for (let length = 1; length < text.length - 1; length += 1)
      await expect(restored(text.slice(0, length))).rejects.toThrow()
  })

  it('is refused where a line is missing, there twice, or follows its end', async () => {
    const lines = text.trimEnd().split('\n')
    for (const at of lines.keys()) {
      await expect(restored(lines.toSpliced(at, 1).join('\n'))).rejects.toThrow()
      const twice = lines.toSpliced(at, 0, lines[at] ?? '')
      await expect(restored(twice.join('\n'))).rejects.toThrow()
    }
  })

  it('is refused with another version or ledger, and says so', async () => {
    await expect(restored(text.replace('"version":1', '"version":2'))).rejects.toThrow(
      'it has version 2, not 1',
    )
    await expect(restored(text.replace('"ledgerId":"acme"', '"ledgerId":"acma"'))).rejects.toThrow(
      'it is of another ledger',
    )
  })

  it('is none where there is nothing', async () => {
    expect(await restored('')).toBeUndefined()
  })
})
