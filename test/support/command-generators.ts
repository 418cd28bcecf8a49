import * as fc from 'fast-check'
import {
  asUtc,
  type NaiveCommand,
  type NaivePosting,
  type World,
} from '#test/support/naive-books.ts'

/** A command yet to be made: which transaction or hold it names depends on which there are by then. */
export type Plan = (world: World, now: string) => NaiveCommand

const accountIds = ['cash', 'users:a', 'users:b', 'users:c', 'fees', 'costs', 'capital'] as const
const types = [
  'asset',
  'liability',
  'liability',
  'liability',
  'income',
  'expense',
  'equity',
] as const

// Some accounts, assets and ids that are not there; everything small, so that commands get in each other's way.
const accountId = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(...accountIds) },
  { weight: 1, arbitrary: fc.constant('nobody') },
)
const asset = fc.constantFrom(
  ...Array.from({ length: 15 }, () => 'USD/2'),
  'EUR/2',
  'EUR/2',
  'JPY/0',
)
const amount = fc.integer({ min: 1, max: 60 }).map(String)
const signed = fc.integer({ min: -40, max: 120 }).map(String)
const limit = fc.option(signed, { nil: null })
const reason = fc.constant('because')
const posting: fc.Arbitrary<NaivePosting> = fc
  .record({ debit: accountId, credit: accountId, asset, amount })
  // Nineteen of twenty with one account on both sides get another one.
  .map(({ credit, ...rest }) =>
    credit === rest.debit && rest.amount !== '7'
      ? { ...rest, credit: credit === 'fees' ? 'users:a' : 'fees' }
      : { ...rest, credit },
  )
const deposit: fc.Arbitrary<NaivePosting> = fc.record({
  debit: fc.constant('cash'),
  credit: fc.constantFrom('users:a', 'users:b', 'users:c'),
  asset: fc.constant('USD/2'),
  amount,
})
const postings = fc.oneof(
  { weight: 2, arbitrary: fc.array(deposit, { minLength: 1, maxLength: 2 }) },
  { weight: 3, arbitrary: fc.array(posting, { minLength: 1, maxLength: 3 }) },
)
/** Present in one of six. */
const sometimes = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value })
const externalReference = sometimes(fc.constantFrom('r1', 'r2', 'r3', 'r4', 'r5', 'r6'))
const conditions = sometimes(
  fc.array(
    fc.record({
      account: accountId,
      asset,
      available: fc.oneof(
        fc.record({ gte: signed }),
        fc.record({ lte: signed }),
        fc.record({ gte: signed, lte: signed }),
      ),
    }),
    { maxLength: 2 },
  ),
)
/** Milliseconds from now: mostly before it, or mostly after. */
const past = sometimes(fc.integer({ min: -2000, max: 300 }))
const future = fc.integer({ min: -100, max: 6000 })
/** Three amounts, of which as many are asked as there are postings (now and then one more or less). */
const amounts = fc.oneof(
  { weight: 1, arbitrary: fc.constant(undefined) },
  {
    weight: 2,
    arbitrary: fc.record({
      each: fc.array(fc.integer({ min: 0, max: 35 }), { minLength: 4, maxLength: 4 }),
      off: fc.constantFrom(...Array.from({ length: 20 }, () => 0), 1, -1),
    }),
  },
)
const pick = fc.nat(1000)

const registering: fc.Arbitrary<Plan> = asset.map((each) => () => ({
  command: 'RegisterAsset',
  members: { asset: each },
}))

const opening: fc.Arbitrary<Plan> = fc
  .record({
    index: fc.nat(accountIds.length - 1),
    limits: sometimes(fc.record({ min: limit, max: limit }, { requiredKeys: [] })),
  })
  .map(({ index, limits }) => () => ({
    command: 'OpenAccount',
    members: {
      accountId: accountIds[index] ?? '',
      type: types[index] ?? '',
      ...(limits && { limits: present(limits) }),
    },
  }))

const limiting: fc.Arbitrary<Plan> = fc
  .record({ accountId, limits: fc.record({ min: limit, max: limit }, { requiredKeys: ['min'] }) })
  .map(({ limits, ...rest }) => () => ({
    command: 'ChangeAccountLimits',
    members: { ...rest, limits: present(limits) },
  }))

const describing: fc.Arbitrary<Plan> = fc
  .record({
    accountId,
    metadata: fc.dictionary(
      fc.constantFrom('b', 'a', '10', '9'),
      fc.option(fc.constantFrom('x', 'y')),
      {
        noNullPrototype: true,
      },
    ),
  })
  .map((members) => () => ({ command: 'SetMetadata', members }))

const freezing: fc.Arbitrary<Plan> = fc
  .record({ accountId, direction: fc.constantFrom('debits', 'credits', 'all'), reason })
  .map((members) => () => ({ command: 'FreezeAccount', members }))

const standing: fc.Arbitrary<Plan> = fc
  .record({
    command: fc.constantFrom(
      'UnfreezeAccount',
      'UnfreezeAccount',
      'CloseAccount',
      'ReopenAccount',
      'ReopenAccount',
    ),
    members: fc.record({ accountId, reason }),
  })
  .map((asked) => () => asked)

const transacting: fc.Arbitrary<Plan> = fc
  .record({ postings, externalReference, conditions, ms: past })
  .map(({ ms, ...rest }) => (_world, now) => ({
    command: 'PostTransaction',
    members: { ...present(rest), ...effective(ms, now) },
  }))

const holding: fc.Arbitrary<Plan> = fc
  .record({ postings, externalReference, conditions, ms: fc.option(future, { nil: undefined }) })
  .map(({ ms, ...rest }) => (_world, now) => ({
    command: 'PlaceHold',
    members: { ...present(rest), ...(ms !== undefined && { expiresAt: later(now, ms) }) },
  }))

const reversing: fc.Arbitrary<Plan> = fc
  .record({ pick, amounts, externalReference, ms: past, reason })
  .map(({ pick: index, ms, amounts: asked, ...rest }) => (world, now) => {
    const transactionId = oneOf(world.transactions, index)
    const { postings: of = [], kind } = world.transactions.get(transactionId) ?? {}
    // A reversal is only undone whole.
    const each = kind === 'reversal' && index % 5 !== 0 ? undefined : asked
    return {
      command: 'ReverseTransaction',
      members: {
        ...present(rest),
        transactionId,
        ...amountsFor(of.length, each),
        ...effective(ms, now),
      },
    }
  })

const capturing: fc.Arbitrary<Plan> = fc
  .record({ pick, amounts, externalReference, ms: past, final: sometimes(fc.boolean()) })
  .map(({ pick: index, ms, amounts: asked, ...rest }) => (world, now) => {
    const holdId = oneHold(world, index)
    const count = world.holds.get(holdId)?.postings.length ?? 1
    return {
      command: 'CaptureHold',
      members: { ...present(rest), holdId, ...amountsFor(count, asked), ...effective(ms, now) },
    }
  })

const voiding: fc.Arbitrary<Plan> = pick.map((index) => (world) => ({
  command: 'VoidHold',
  members: { holdId: oneHold(world, index), reason: 'because' },
}))

const extending: fc.Arbitrary<Plan> = fc
  .record({ pick, ms: future })
  .map(({ pick: index, ms }) => (world, now) => ({
    command: 'ExtendHold',
    members: { holdId: oneHold(world, index), expiresAt: later(now, ms) },
  }))

/** Any command that a client may send. */
export const anyPlan: fc.Arbitrary<Plan> = fc.oneof(
  { weight: 1, arbitrary: registering },
  { weight: 2, arbitrary: opening },
  { weight: 2, arbitrary: limiting },
  { weight: 1, arbitrary: describing },
  { weight: 1, arbitrary: freezing },
  { weight: 3, arbitrary: standing },
  { weight: 12, arbitrary: transacting },
  { weight: 6, arbitrary: reversing },
  { weight: 7, arbitrary: holding },
  { weight: 6, arbitrary: capturing },
  { weight: 1, arbitrary: voiding },
  { weight: 2, arbitrary: extending },
)

/** What every run begins with: all accounts but the last, and some money. */
export const beginnings: readonly NaiveCommand[] = [
  ...accountIds.slice(0, -1).map((each, index) => ({
    command: 'OpenAccount' as const,
    members: {
      accountId: each,
      type: types[index] ?? '',
      ...(each === 'users:c' && { limits: { max: '200' } }),
    },
  })),
  ...['users:a', 'users:b', 'users:c'].map((credit) => ({
    command: 'PostTransaction' as const,
    members: { postings: [{ debit: 'cash', credit, asset: 'USD/2', amount: '150' }] },
  })),
]

/** One of the ids there are, or now and then one that there isn't. */
function oneOf(known: ReadonlyMap<string, unknown>, index: number): string {
  if (index % 29 === 0 || known.size === 0) return String(index % 7)
  return [...known.keys()].at(-1 - (index % Math.min(known.size, 6))) ?? ''
}

/** One of the open holds, or now and then another one. */
function oneHold({ holds }: World, index: number): string {
  const open = new Map([...holds].filter(([, { status }]) => status === 'open'))
  return oneOf(index % 5 === 0 || open.size === 0 ? holds : open, index)
}

function amountsFor(
  count: number,
  asked: { readonly each: readonly number[]; readonly off: number } | undefined,
): { amounts?: string[] } {
  if (asked === undefined) return {}
  const list = asked.each.slice(0, Math.max(1, count + asked.off))
  return list.some((each) => each > 0) ? { amounts: list.map(String) } : {}
}

function effective(ms: number | undefined, now: string): { effectiveAt?: string } {
  return ms === undefined ? {} : { effectiveAt: later(now, ms) }
}

/** So many milliseconds from now, in some offset from UTC. */
function later(now: string, ms: number): string {
  const at = Date.parse(now) + ms
  if (ms % 3 !== 0) return asUtc(new Date(at).toISOString()) ?? ''
  return new Date(at + 5_400_000).toISOString().replace('Z', '+01:30')
}

type Present<Members> = {
  [Name in keyof Members as undefined extends Members[Name] ? never : Name]: Members[Name]
} & {
  [Name in keyof Members as undefined extends Members[Name] ? Name : never]?: Exclude<
    Members[Name],
    undefined
  >
}

/** The members that are there. */
function present<Members extends object>(members: Members): Present<Members>
function present(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
