import { beforeAll, describe, inject } from 'vitest'
import type { Need, ServerName } from './chances.ts'
import { startDouble } from './eventstoredb.ts'
import type { Daybook, Eventstoredb, Kafka, Mongodb } from './shared-servers.ts'

/** The servers that all test files share. For tests and hooks: while tests are collected, nothing is up yet. */
export type Servers = {
  kafka(): Kafka
  mongodb(): Mongodb
  eventstoredb(): Eventstoredb
  /** The one that was needed, `daybook` or `daybook-cluster`. */
  daybook(): Daybook
}

type Found = { kafka?: Kafka; mongodb?: Mongodb; eventstoredb?: Eventstoredb; daybook?: Daybook }

/** What the desk of the run says. */
type Answers = Required<Found> & { 'kafka-process': unknown; 'daybook-cluster': Daybook }

/** The first start on a machine downloads and records; a container may have to be pulled. */
const startMsMax = 240_000
/** A test may start, kill and restart a server of its own, beside others that do. */
const testMsMax = 60_000

/**
 * A `describe` of tests that need servers: they run once these are up. Where one can't be had, the tests are skipped
 * and counted, and the reason is part of the name.
 */
export function describeWith(
  needs: readonly Need[],
  name: string,
  tests: (servers: Servers) => void,
): void {
  const found: Found = {}
  const servers: Servers = {
    kafka: () => known(found.kafka),
    mongodb: () => known(found.mongodb),
    eventstoredb: () => known(found.eventstoredb),
    daybook: () => known(found.daybook),
  }
  const reason = reasonToSkip(needs)
  if (reason !== undefined) {
    describe.skip(`${name} (skipped: ${reason})`, () => tests(servers))
    return
  }
  describe(name, { timeout: testMsMax }, () => {
    beforeAll(() => find(needs, found), startMsMax)
    tests(servers)
  })
}

/** One sentence if a need can't be met: known before any test runs. */
function reasonToSkip(needs: readonly Need[]): string | undefined {
  const { chances } = inject('servers')
  const reasons = needs.flatMap((need) => {
    const chance = chances[need]
    return 'unavailable' in chance ? [`no ${need}: ${chance.unavailable}`] : []
  })
  return reasons.length > 0 ? reasons.join('; ') : undefined
}

/** Fills `found`. Resolves to what ends what was started only for this file. */
async function find(needs: readonly Need[], found: Found): Promise<() => Promise<void>> {
  const own = new AsyncDisposableStack()
  if (needs.includes('kafka-process')) await ask('kafka-process')
  const isNeeded = (server: ServerName) =>
    needs.some((need) => need === server || need === `${server}-real`)
  if (isNeeded('kafka')) found.kafka = await ask('kafka')
  if (isNeeded('mongodb')) found.mongodb = await ask('mongodb')
  if (isNeeded('eventstoredb'))
    found.eventstoredb = doubles()
      ? { url: own.use(await startDouble()).url, kind: 'double' }
      : await ask('eventstoredb')
  for (const daybook of ['daybook', 'daybook-cluster'] as const)
    if (needs.includes(daybook)) found.daybook = await ask(daybook)
  return () => own.disposeAsync()
}

function doubles(): boolean {
  const chance = inject('servers').chances.eventstoredb
  return 'by' in chance && chance.by === 'double'
}

async function ask<Name extends keyof Answers>(name: Name): Promise<Answers[Name]> {
  const response = await fetch(`http://127.0.0.1:${inject('servers').deskPort}/${name}`)
  if (!response.ok) throw new Error(await response.text())
  return JSON.parse(await response.text())
}

function known<Server>(server: Server | undefined): Server {
  if (server === undefined)
    throw new Error('only tests and hooks can ask, for what the suite needs')
  return server
}
