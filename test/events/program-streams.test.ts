import { describe, expect, it } from 'vitest'
import { batchTasks, isTask } from '#commands/handler/batch-tasks.ts'
import { fingerprinted } from '#commands/handler/fingerprint.ts'
import { parseBatchItem } from '#commands/parse-command.ts'
import { projectionsStream } from '#events/stream-names.ts'
import { type ProjectionAct, readActs, recordAct } from '#projections/runtime/acts.ts'
import { type RelayEntry, relayEntryOf, relayEvent } from '#relay/relay-stream.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'

/**
 * What the program stores beside the events of ledgers, byte for byte as it was first written: logs have it for ever.
 * Nothing here is ever edited; a new shape gets a new line beside the old one.
 */

const acts: readonly (readonly [string, ProjectionAct, string])[] = [
  [
    'ProjectionRetried',
    {
      act: 'retry',
      projection: 'holds',
      version: 1,
      ledgerId: 'acme',
      revision: 19n,
      actor: 'ops@example.com',
      reason: 'INC-7',
      recordedAt: '2026-03-01T12:00:00.000Z',
    },
    '{"act":"retry","actor":"ops@example.com","id":"913f7249-3576-5068-ae62-57d36fe3cb69","ledgerId":"acme","place":"0","projection":"holds","reason":"INC-7","recordedAt":"2026-03-01T12:00:00.000Z","revision":"19","version":1}',
  ],
  [
    'ProjectionEventSkipped',
    {
      act: 'skip',
      projection: 'trial-balances',
      version: 2,
      ledgerId: 'shop',
      revision: 0n,
      actor: 'Zoë',
      reason: 'a "quoted" reason',
      recordedAt: '2026-03-01T12:00:00.001Z',
    },
    '{"act":"skip","actor":"Zoë","id":"42421962-8342-56e6-b6d4-ba0b55d0e1ce","ledgerId":"shop","place":"0","projection":"trial-balances","reason":"a \\"quoted\\" reason","recordedAt":"2026-03-01T12:00:00.001Z","revision":"0","version":2}',
  ],
]

describe('an act about a projection', () => {
  it.each(acts)('is stored and read as ever: %s', async (type, act, json) => {
    const store = new MemoryEventStore()
    await recordAct(store, act, undefined)
    const [stored] = store.eventsOf(projectionsStream)
    expect([stored?.type, stored?.json]).toEqual([type, json])

    const before = new MemoryEventStore()
    const { id } = JSON.parse(json)
    await before.append('daybook-projections', [{ id, type, json }], 'no-stream')
    expect(await readActs(before)).toEqual([expect.objectContaining({ ...act, place: 0n })])
  })
})

const entries: readonly (readonly [RelayEntry, string])[] = [
  [
    { type: 'RelayTookOver', revision: 0n, epoch: 1n, holder: 'one', position: undefined },
    '{"epoch":"1","holder":"one","id":"ID","position":null,"revision":"0","type":"RelayTookOver"}',
  ],
  [
    { type: 'RelayAdvanced', revision: 7n, epoch: 2n, holder: 'two', position: 41n },
    '{"epoch":"2","holder":"two","id":"ID","position":"41","revision":"7","type":"RelayAdvanced"}',
  ],
  [
    { type: 'RelayStopped', revision: 8n, epoch: 2n, holder: 'two', position: 41n },
    '{"epoch":"2","holder":"two","id":"ID","position":"41","revision":"8","type":"RelayStopped"}',
  ],
]

describe('an entry of the relay', () => {
  it.each(entries)('is stored and read as ever: $type', (entry, json) => {
    const made = relayEvent(entry)
    expect([made.type, made.json.replace(made.id, 'ID')]).toEqual([entry.type, json])
    const stored = { stream: 'daybook-relay', position: 0n, type: entry.type }
    expect(relayEntryOf({ ...stored, revision: entry.revision, json })).toEqual(entry)
  })
})

describe('a fingerprint, under which a key is known for ever', () => {
  it.each([
    [
      {
        command: 'PostTransaction',
        postings: [{ debit: 'bank:cash', credit: 'users:alice', asset: 'USD/2', amount: '100' }],
      },
      '15c76676188f16006b921acd1804fd1b120bdb8313fdd201ba94ca6c825ec716',
    ],
    [
      { command: 'OpenLedger', ledgerId: 'acme', name: 'Zoë & 𝄞', assets: [] },
      '4a768131f9b4e02f83aa95d2fa2bcf87c80c286c3c87c6d1849334f7cea4371b',
    ],
  ])('is what it ever was: $command', (request, fingerprint) => {
    expect(fingerprinted(request).fingerprint).toBe(fingerprint)
  })
})

describe('a batch, whose retry has to be the same batch for ever', () => {
  const commands = [
    { command: 'OpenAccount', accountId: 'users:alice', type: 'liability' },
    { command: 'RegisterAsset', asset: 'USD/2', idempotencyKey: 'own' },
  ]
  const who = { actor: 'a', correlationId: 'c', causationId: 'c', ledgerId: 'acme', key: 'b-1' }
  const tasksIn = (mode: 'atomic' | 'independent') =>
    batchTasks({ ...who, mode, commands, items: commands.map(parseBatchItem) })

  it.each([
    ['atomic', '633d790f9aeaff943e5c5dd359161cadeb60dacf9b04925eb794424538b40459'],
    ['independent', 'c5f94d8761e0aa0cc47c4bead85186432a3e09be227941ea77991edcb8741b99'],
  ] as const)('has the fingerprint that it ever had: %s', (mode, fingerprint) => {
    expect(tasksIn(mode).fingerprint).toBe(fingerprint)
  })

  it('gives its commands the keys that they ever had', () => {
    const tasks = tasksIn('independent').tasks.filter(isTask)
    expect(tasks.map(({ key, fingerprint }) => [key, fingerprint])).toEqual([
      ['b-1/0', 'e9aee87ff3994129311291745f501994cf8daab03ce0ccd42ff6026b03c05769'],
      ['own', 'eddf707437888610b01814d4ca699ae619cca121be2194a4cf1cab39580e36a8'],
    ])
  })
})
