import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { auditReadModel } from '#cli/audit/read-model-audit.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import { ledgerStream } from '#events/stream-names.ts'
import type { StoredEvent } from '#ports/event-store.ts'
import { balancesOf } from '#projections/books.ts'
import { entries } from '#projections/entries.ts'
import { ActLog } from '#projections/runtime/act-log.ts'
import { recordAct } from '#projections/runtime/acts.ts'
import type { ProjectorLimits } from '#projections/runtime/limits.ts'
import { createProjector } from '#projections/runtime/projector.ts'
import { accountKey } from '#projections/rollup-runs.ts'
import { postedTotals } from '#queries/posted-totals.ts'
import { sidesOf, total } from '#test/queries/recount.ts'
import { toldBy } from '#test/queries/skipped-recount.ts'
import type { BalanceRecord } from '#values/balances.ts'
import { ledgerOpened, record, transactionPosted } from '#test/support/examples.ts'
import { booksOf, throws } from '#test/support/ledger-history.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { smallTrialBalances as trialBalances } from '#test/support/small-trial-balances.ts'
import { rewritten, stored } from '#test/support/stored-events.ts'

const ledgerId = 'acme'
const projections = [entries, trialBalances]
const afterAll = '9999-12-31T23:59:59.999Z'

const scenario = fc.record({
  dice: throws,
  picks: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
  only: fc.constantFrom('postings' as const, 'postings' as const, 'any events' as const),
  commitDocuments: fc.integer({ min: 1, max: 9 }),
  runEvents: fc.integer({ min: 1, max: 9 }),
})

describe('a ledger of which events were skipped', () => {
  it('is folded to its end, by a rebuild to the same, and lacks just what they posted', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ dice, picks, only, ...limits }) => {
        const { events } = booksOf(ledgerId, dice)
        const from = only === 'postings' ? events.filter(isPosting) : events
        fc.pre(from.length > 0)
        const poison = new Set(picks.map((pick) => from[pick % from.length]?.revision ?? -1n))
        const log = await logOf(events, poison)
        const live = await skippedThrough(log, limits)
        expect(live.skipped).toEqual([...poison].toSorted((a, b) => Number(a - b)))
        const rebuilt = await foldedIn(log, {})
        expect(await documentsIn(rebuilt.models)).toEqual(await documentsIn(live.models))
        expect(await findingsIn(log, live.models)).toEqual([])
        const known = events.filter(({ revision }) => !poison.has(revision))
        await expectNumbers(live.models, known)
      }),
      { numRuns: 150 },
    )
  })
})

describe('a contradiction', () => {
  it('parks where nothing was skipped since the account was touched last', async () => {
    const log = await logOf(deposits(2500n, 5000n, 7500n, 9999n), new Set([2n]))
    const { models, parked } = await skippedThrough(log, {}, { times: 1 })
    expect(parked).toEqual({
      revision: 4n,
      reason: 'the postings on bank:cash do not add up to its USD/2 totals',
    })
    expect(await totalsOf(models, 'USD/2|bank:cash')).toMatchObject({ debits: '7500' })
  })

  it('parks before the event that is skipped', async () => {
    const log = await logOf(deposits(2500n, 9999n, 7500n), new Set([3n]))
    const { parked } = await skippedThrough(log, {}, { times: 0 })
    expect(parked).toMatchObject({ revision: 2n })
  })

  it('that is skipped itself is over with the next event, whose totals count', async () => {
    const log = await logOf(deposits(2500n, 9999n, 12_499n, 14_999n), new Set())
    const { models, parked } = await skippedThrough(log, {}, { times: 1 })
    expect(parked).toBeUndefined()
    expect(await totalsOf(models, 'USD/2|bank:cash')).toMatchObject({ debits: '14999' })
    expect(await totalsOf(models, 'USD/2')).toMatchObject({ totalDebits: '7500' })
  })
})

/** One deposit after the other from revision 1 on, each of 2500, with these totals after it. */
function deposits(...totals: readonly bigint[]): readonly RecordedEvent[] {
  const posted = totals.map((each, index) =>
    transactionPosted(
      {
        balances: [
          record('bank:cash', { postedDebits: each }),
          record('users:alice', { postedCredits: each }),
        ],
      },
      { revision: BigInt(index + 1) },
    ),
  )
  return [ledgerOpened({ assets: [{ asset: 'USD/2' }] }), ...posted]
}

type Log = { readonly store: MemoryEventStore; readonly last: StoredEvent; readonly acts: ActLog }

/** A log in which those of the events are of a version that nobody knows. */
async function logOf(events: readonly RecordedEvent[], poison: ReadonlySet<bigint>): Promise<Log> {
  const store = new MemoryEventStore()
  const all = events.map((event) => {
    const version = poison.has(event.revision) ? 99 : event.schemaVersion
    return rewritten(stored(event), (json) =>
      JSON.stringify({ ...JSON.parse(json), schemaVersion: version }),
    )
  })
  await store.append(ledgerStream(ledgerId), all, 'no-stream')
  const last = all.at(-1)
  if (last === undefined) throw new Error('a ledger has events')
  return { store, last, acts: new ActLog(store) }
}

type Limits = Partial<ProjectorLimits>
type Models = ReturnType<typeof openMemoryReadModels>

async function foldedIn({ store, last, acts }: Log, limits: Limits) {
  const models = openMemoryReadModels()
  const { logger } = recordingLogger()
  const projector = createProjector({
    projections,
    writer: models,
    store,
    logger,
    skips: acts,
    limits,
  })
  await projector.apply([last])
  return { models, projector }
}

/** Skips in both models what a ledger is parked at, and goes on, so many times at most. */
async function skippedThrough(log: Log, limits: Limits, { times = 9 } = {}) {
  const { models, projector } = await foldedIn(log, limits)
  const skipped: bigint[] = []
  for (;;) {
    const parked = (await models.checkpoint(trialBalances, ledgerId))?.parked
    if (parked === undefined || skipped.length === times) return { models, skipped, parked }
    skipped.push(parked.revision)
    for (const { name, version } of projections)
      await recordAct(
        log.store,
        {
          act: 'skip',
          projection: name,
          version,
          ledgerId,
          revision: parked.revision,
          actor: 'ops',
          reason: 'a test',
          recordedAt: afterAll,
        },
        await placeAfter(log),
      )
    await log.acts.refresh()
    await projector.retry(ledgerId)
  }
}

async function placeAfter({ acts }: Log): Promise<bigint | undefined> {
  await acts.refresh()
  return acts.place
}

async function documentsIn(models: Models) {
  await using view = await models.view(ledgerId)
  const found = await view.find(trialBalances, { where: [], orderBy: [], limit: 1_000_000 })
  return { found, checkpoint: await view.checkpoint(trialBalances) }
}

async function totalsOf(models: Models, id: string) {
  await using view = await models.view(ledgerId)
  return (await view.get(trialBalances, id))?.document
}

async function findingsIn({ store, acts: skips }: Log, readModels: Models) {
  const parts = { store, readModels, skips, ledgerId, projection: trialBalances }
  return Array.fromAsync(auditReadModel(parts, () => {}))
}

/**
 * Totals are those of the last event that posted, or moved a hold; the asset's are sums of the postings that are not
 * lacking. After all time nothing is lacking of which a later event tells.
 */
async function expectNumbers(models: Models, known: readonly RecordedEvent[]): Promise<void> {
  const revision = known.at(-1)?.revision ?? -1n
  const sides = sidesOf(known)
  await using view = await models.view(ledgerId)
  for (const [accountId, asset] of placesOf(sides)) {
    const own = sides.filter((side) => side.accountId === accountId && side.asset === asset)
    const when = { accountId, asset, revision, before: afterAll }
    const isOwn = (each: BalanceRecord) => accountKey(each) === accountKey(when)
    const told = known.flatMap(toldBy).findLast(isOwn)
    expect(await postedTotals(view, when, trialBalances)).toMatchObject(told ? sumsOf(told) : {})
    const carried = known.find((event) => event.revision === own.at(-1)?.revision)
    const after = carried && balancesOf(carried).find(isOwn)
    expect(await totalsOf(models, accountKey(when))).toMatchObject({
      debits: after?.postedDebits,
      credits: after?.postedCredits,
    })
    const ofAsset = total(
      sides.filter((side) => side.asset === asset),
      'debit',
    ).toString()
    expect(await totalsOf(models, asset)).toMatchObject({
      totalDebits: ofAsset,
      totalCredits: ofAsset,
    })
  }
}

function sumsOf({ postedDebits, postedCredits }: BalanceRecord) {
  return { debits: BigInt(postedDebits), credits: BigInt(postedCredits) }
}

function placesOf(sides: ReturnType<typeof sidesOf>): readonly (readonly [string, string])[] {
  const places = sides.map(({ accountId, asset }) => [accountId, asset] as const)
  return [...new Map(places.map((place) => [place.join(' '), place])).values()]
}

function isPosting({ type }: RecordedEvent): boolean {
  return type === 'TransactionPosted' || type === 'HoldCaptured'
}
