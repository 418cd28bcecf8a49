import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openSqliteReadModels } from '#adapters/sqlite/read-models.ts'
import { openSqliteReadModelWriter } from '#adapters/sqlite/read-models-writer.ts'
import { allProjections } from '#projections/all-projections.ts'
import { aReadModelFile } from '#test/adapters/sqlite/read-models-file.ts'
import { project, type Store } from '#test/queries/asking.ts'
import { Books } from '#test/queries/books.ts'
import { countedViews } from '#test/support/counted-views.ts'
import { openHarness } from '#test/support/http-harness.ts'
import { patienceMs, runs, untilEnough } from '#test/support/property-runs.ts'

const ledgerIds = ['acme', 'other'] as const
const models = allProjections.map(({ name }) => name)

const ofLedger = [
  '',
  '/accounts',
  '/accounts?limit=1',
  '/accounts/alice',
  '/accounts/alice/balances',
  '/accounts/alice/balances?atRevision=4',
  '/accounts/alice/balances?effectiveAt=2026-12-31T00:00:00Z',
  '/accounts/alice/entries?limit=2',
  '/accounts/alice/entries?order=desc',
  '/transactions',
  '/transactions?account=bob',
  '/transactions/4',
  '/holds',
  '/holds/5',
  '/trial-balance',
  '/commands?limit=3',
]
const targets = [
  '/v1/ledgers',
  ...ledgerIds.flatMap((id) => ofLedger.map((rest) => `/v1/ledgers/${id}${rest}`)),
]

/** One of the plan's questions, or some models of a ledger that take in the next events, or all of them that are made anew. */
type Step =
  | { readonly kind: 'ask'; readonly target: number }
  | { readonly kind: 'project'; readonly ledger: number; readonly models: readonly string[] }
  | { readonly kind: 'rebuild'; readonly model: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('ask' as const), target: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('project' as const),
      ledger: fc.nat(ledgerIds.length - 1),
      models: fc.subarray(models, { minLength: 1 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('rebuild' as const),
      model: fc.nat(models.length - 1),
    }),
  },
)

/** Few questions, each asked often. */
const plan = fc.record({
  asked: fc.subarray(targets, { minLength: 1, maxLength: 5 }),
  steps: fc.array(step, { minLength: 10, maxLength: 60 }),
})

type Plan = { readonly asked: readonly string[]; readonly steps: readonly Step[] }

describe('answers that may be kept', () => {
  it('are byte for byte those that are made each time, whatever is stored in between', {
    timeout: patienceMs,
  }, async () => {
    let kept = 0
    const property = untilEnough(async (planned: Plan) => {
      kept += await play(planned)
    })
    await fc.assert(fc.asyncProperty(plan, property), runs(40))
    expect(kept).toBeGreaterThan(0)
  })
})

/** Asks two programs over one file, of which one keeps nothing, the same each time. How often the other one had kept it. */
async function play({ asked, steps }: Plan): Promise<number> {
  await using stack = new AsyncDisposableStack()
  const { path } = stack.use(await aReadModelFile())
  const writer = stack.use(await openSqliteReadModelWriter({ path }))
  const store = { ...writer, ...stack.use(await openSqliteReadModels({ path })) }
  const keeping = countedViews(stack.use(await openSqliteReadModels({ path })))
  const whole = stack.use(await openSqliteReadModels({ path }))
  const forgetful = { ...whole, stamp: async () => undefined }
  const [one, other] = [
    stack.use(await openHarness({ readModels: keeping.readModels, limits })),
    stack.use(await openHarness({ readModels: forgetful, limits })),
  ]
  const world = new World(store)
  let kept = 0
  for (const each of steps) {
    await world.take(each)
    if (each.kind !== 'ask') continue
    const before = keeping.opened()
    const target = asked[each.target % asked.length] ?? ''
    const answer = await seen(await one.request(target))
    expect(answer).toEqual(await seen(await other.request(target)))
    if (keeping.opened() === before && answer.status === 200) kept += 1
  }
  return kept
}

const limits = { minRevisionWaitMs: 0, keptAnswersMax: 12 }

async function seen(response: Response) {
  const text = await response.text()
  return {
    status: response.status,
    revision: response.headers.get('ledger-revision'),
    text: text.replace(/"requestId":"[^"]*"/, ''),
  }
}

/** What the projectors of both ledgers do. */
class World {
  readonly #store: Store
  readonly #books = ledgerIds.map((ledgerId) => booksOf(ledgerId))

  constructor(store: Store) {
    this.#store = store
  }

  async take(next: Step): Promise<void> {
    if (next.kind === 'project') await this.#project(next)
    if (next.kind === 'rebuild') await this.#rebuild(next)
  }

  async #project({ ledger, models: names }: Step & { kind: 'project' }): Promise<void> {
    const books = this.#books[ledger]
    if (books === undefined) return
    books.post(`bank -> ${names.length % 2 === 0 ? 'alice' : 'bob'} ${books.events.length}`)
    const chosen = allProjections.filter(({ name }) => names.includes(name))
    await project(this.#store, books.events, chosen)
  }

  /** Another build, of one ledger alone where the other one's has not begun, takes over if it is far enough. */
  async #rebuild({ model: index }: Step & { kind: 'rebuild' }): Promise<void> {
    const model = allProjections[index]
    if (model === undefined) return
    const build = await this.#store.startBuild(model, '2026-01-01T00:00:00.000Z')
    const built = { ...model, build }
    for (const { events } of this.#books) await project(this.#store, events, [built])
    await this.#store.serveBuild(built)
  }
}

function booksOf(ledgerId: string): Books {
  const books = new Books(ledgerId)
  books.do('OpenLedger', { ledgerId, name: ledgerId, assets: [{ asset: 'USD/2' }] })
  books.do('OpenAccount', { accountId: 'bank', type: 'asset' })
  for (const name of ['alice', 'bob'])
    books.do('OpenAccount', { accountId: name, type: 'liability' })
  books.post('bank -> alice 25')
  books.do('PlaceHold', {
    postings: [{ debit: 'alice', credit: 'bob', amount: '5', asset: 'USD/2' }],
  })
  return books
}
