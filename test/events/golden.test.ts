import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeEvent } from '#events/decode.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import { currentVersions } from '#events/ledger-event.ts'
import { evolve } from '#ledger/evolve.ts'
import { unopenedLedger } from '#ledger/ledger.ts'
import { allProjections } from '#projections/all-projections.ts'
import { eventId, kebab } from '#test/events/pinned.ts'
import { foldAll } from '#test/support/projection-specification.ts'
import { canonicalJson } from '#values/canonical-json.ts'
import type { JsonObject } from '#values/json.ts'

/**
 * One ledger's log, an event per file, written by the program as it was when the version was new. These files are
 * never edited: a new version of an event goes on where the log ends.
 */
const folder = join(import.meta.dirname, 'golden')
const files = globSync('*.json', { cwd: folder }).toSorted()
const stored = files.map((file) =>
  canonicalJson(JSON.parse(readFileSync(join(folder, file), 'utf8'))),
)

describe('the golden events', () => {
  it.each(files.map((file, index) => [file, stored[index] ?? '']))('%s decodes', (file, json) => {
    const event = decodeEvent(json)
    expect(fileName(event, JSON.parse(json))).toBe(file)
    expect(event.schemaVersion).toBe(currentVersions[event.type])
  })

  it('pin every version of every type that was ever written', () => {
    const versions = Object.entries(currentVersions).flatMap(([type, current]) =>
      Array.from({ length: current }, (_, index) => `${kebab(type)}-v${index + 1}`),
    )
    const pinned = new Set(files.map((file) => file.slice(3, -'.json'.length)))
    expect(versions.filter((version) => !pinned.has(version))).toEqual([])
  })

  it('have ids that stand for their contents', () => {
    for (const json of stored) {
      const { id, ...contents }: JsonObject = JSON.parse(json)
      expect(eventId(canonicalJson(contents))).toBe(id)
    }
  })

  it('fold into books that balance', () => {
    const ledger = unopenedLedger('acme')
    for (const json of stored) evolve(ledger, decodeEvent(json))
    const balances = [...ledger.accounts.values()].map(({ accountId, balances: held }) => [
      accountId,
      Object.fromEntries([...held].map(([asset, t]) => [asset, t.postedDebits - t.postedCredits])),
    ])
    expect(Object.fromEntries(balances)).toEqual({
      'bank:cash': { 'EUR/2': 9_007_199_254_740_993n, 'USD/2': 249_960n },
      'users:alice': { 'USD/2': -248_460n },
      'users:bob': { 'EUR/2': -9_007_199_254_740_993n, 'USD/2': -1500n },
      'users:carol': {},
    })
    const ends = new Map([
      ['13', 'captured'],
      ['17', 'voided'],
      ['19', 'expired'],
    ])
    expect(ledger.closedHolds).toEqual(ends)
    const reversed = new Map([
      ['15', [0n]],
      ['20', [500n]],
    ])
    expect(ledger.reversed).toEqual(reversed)
  })

  it('fold into every read model', () => {
    const events = stored.map((json) => decodeEvent(json))
    for (const projection of allProjections)
      expect(foldAll(projection, events).size).toBeGreaterThan(0)
  })
})

function fileName(event: RecordedEvent, { schemaVersion }: { schemaVersion: number }): string {
  const revision = event.revision.toString().padStart(2, '0')
  return `${revision}-${kebab(event.type)}-v${schemaVersion}.json`
}
