import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commandNamed } from '#commands/catalogue.ts'
import { unrecordedStatuses } from '#commands/handler/outcome.ts'
import { openLiveStreams } from '#http/log/live-streams.ts'
import { partsOf } from '#http/parts.ts'
import { type Route, routesOf } from '#http/routes/routes.ts'
import { rejectionStatuses } from '#ledger/rejections.ts'
import { queries } from '#queries/all-queries.ts'
import { FakeCommandBus } from '#test/support/http-command-bus.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/reference/api.md'), 'utf8')
const rows = new Set([...page.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, first]) => first))
const codes = new Map(
  [...page.matchAll(/^\| `([a-z-]+)` +\| (\d{3}) /gm)].map(([, code, status]) => [code, status]),
)

describe('the reference of the API', () => {
  it('has every route and no other', () => {
    const known = routes().map(({ method, path }) => `${method} ${asWritten(path)}`)
    const written = [...rows].filter((row) => /^(GET|POST|PATCH) /.test(row ?? ''))
    expect(new Set(written)).toEqual(new Set(known))
  })

  it('has every code with its status and no other', () => {
    const known = { ...httpStatuses(), ...unrecordedStatuses, ...rejectionStatuses }
    const written = Object.fromEntries([...codes].map(([code, status]) => [code, Number(status)]))
    expect(written).toEqual(known)
  })

  it('has every code that it ever had, with its status', () => {
    const pinned = readFileSync(join(root, 'test/docs/codes.txt'), 'utf8').trimEnd().split('\n')
    const unrecorded = [...codes].filter(([code = '']) => !Object.hasOwn(rejectionStatuses, code))
    expect(
      unrecorded.map(([code, status]) => `${code} ${status}`).toSorted(),
      'Codes are only ever added to: test/docs/codes.txt has those that the books do not store',
    ).toEqual(pinned.toSorted())
  })

  it('names every command', () => {
    const named = /The commands' names,([^]*?)\. ExpireHold/.exec(page)?.[1]?.match(/\b[A-Z]\w+/g)
    expect(named).toHaveLength(16)
    for (const name of named ?? []) expect(commandNamed(name)).toBeDefined()
  })
})

/** `…` stands for one ledger. */
function asWritten(path: string): string {
  return path.replace('/v1/ledgers/:ledgerId', '…').replaceAll(/:(\w+)/g, '{$1}')
}

function routes(): readonly Route[] {
  const parts = partsOf({
    commandBus: new FakeCommandBus(),
    readModels: openMemoryReadModels(),
    queries,
    store: new MemoryEventStore(),
    streamOf: (ledgerId) => ledgerId,
    eventTypes: [],
    projectionStatuses: async () => [],
    relayStatus: async () => ({}),
    healthChecks: {},
    cursorSecret: 'a secret of this test',
    clock: { now: () => 0, monotonic: () => 0 },
    logger: recordingLogger().logger,
  })
  return routesOf(parts, openLiveStreams(parts))
}

/** The table in `problems.ts`, which keeps it to itself. */
function httpStatuses(): Readonly<Record<string, number>> {
  const source = readFileSync(join(root, 'src/http/problems.ts'), 'utf8')
  const table = /const statuses = \{([^]*?)\} as const/.exec(source)?.[1] ?? ''
  const entries = [...table.matchAll(/'?([a-z-]+)'?: (\d{3})/g)]
  expect(entries.length).toBeGreaterThan(20)
  return Object.fromEntries(entries.map(([, code = '', status]) => [code, Number(status)]))
}
