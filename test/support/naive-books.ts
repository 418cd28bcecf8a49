/**
 * A second opinion on the books, written to be plain rather than fast, and without a line of the code under test: it
 * keeps the list of what was accepted and works everything else out from the beginning, every time it is asked.
 */

export type NaivePosting = { debit: string; credit: string; asset: string; amount: string }

type Bounds = { min?: string | null; max?: string | null }
type About = { externalReference?: string; effectiveAt?: string; amounts?: string[] }
type Condition = { account: string; asset: string; available: { gte?: string; lte?: string } }

/** The commands as a client sends them, as far as the books judge them. */
export type NaiveCommand =
  | { command: 'RegisterAsset'; members: { asset: string } }
  | { command: 'OpenAccount'; members: { accountId: string; type: string; limits?: Bounds } }
  | { command: 'ChangeAccountLimits'; members: { accountId: string; limits: Bounds } }
  | {
      command: 'SetMetadata'
      members: { accountId: string; metadata: Record<string, string | null> }
    }
  | { command: 'FreezeAccount'; members: { accountId: string; direction: string; reason: string } }
  | {
      command: 'UnfreezeAccount' | 'CloseAccount' | 'ReopenAccount'
      members: { accountId: string; reason: string }
    }
  | {
      command: 'PostTransaction'
      members: About & { postings: NaivePosting[]; conditions?: Condition[] }
    }
  | { command: 'ReverseTransaction'; members: About & { transactionId: string; reason: string } }
  | {
      command: 'PlaceHold'
      members: {
        postings: NaivePosting[]
        expiresAt?: string
        externalReference?: string
        conditions?: Condition[]
      }
    }
  | { command: 'CaptureHold'; members: About & { holdId: string; final?: boolean } }
  | { command: 'VoidHold'; members: { holdId: string; reason: string } }
  | { command: 'ExtendHold'; members: { holdId: string; expiresAt: string } }
  | { command: 'ExpireHold'; members: { holdId: string } }

/** An accepted command: where it stands in the log and when it was recorded. */
export type Entry = NaiveCommand & { revision: string; now: string }

type NaiveAccount = {
  type: string
  min: bigint | null
  max: bigint | null
  closed: boolean
  frozen: string
}

type NaiveHold = {
  postings: NaivePosting[]
  left: bigint[]
  expiresAt: string | undefined
  status: 'open' | 'captured' | 'voided' | 'expired'
}

type NaiveTransaction = {
  postings: NaivePosting[]
  effectiveAt: string
  undoes: string | undefined
  kind: 'plain' | 'reversal' | 'reinstatement'
  left: bigint[]
  /** For a reversal: which posting of the target each of its postings takes from. */
  sources: number[]
}

/** Everything that follows from what was accepted. */
export type World = {
  assets: Set<string>
  accounts: Map<string, NaiveAccount>
  holds: Map<string, NaiveHold>
  transactions: Map<string, NaiveTransaction>
  references: Set<string>
}

/** The world after these entries, from the very beginning. */
export function worldAfter(assets: readonly string[], entries: readonly Entry[]): World {
  const world: World = {
    assets: new Set(assets),
    accounts: new Map(),
    holds: new Map(),
    transactions: new Map(),
    references: new Set(),
  }
  for (const entry of entries) happen(world, entry)
  return world
}

export function amountsAsked(
  left: readonly bigint[],
  asked: readonly string[] | undefined,
): bigint[] {
  return asked === undefined ? [...left] : asked.map(BigInt)
}

function happen(world: World, entry: Entry): void {
  if ('externalReference' in entry.members && entry.members.externalReference !== undefined)
    world.references.add(entry.members.externalReference)
  if ('accountId' in entry.members) happenToAccount(world, entry)
  if ('holdId' in entry.members) happenToHold(world, entry)
  if (entry.command === 'RegisterAsset') world.assets.add(entry.members.asset)
  if (entry.command === 'PostTransaction') post(world, entry, entry.members.postings)
  if (entry.command === 'ReverseTransaction') undo(world, entry)
  if (entry.command === 'PlaceHold')
    world.holds.set(entry.revision, {
      postings: entry.members.postings,
      left: entry.members.postings.map(({ amount }) => BigInt(amount)),
      expiresAt: asUtc(entry.members.expiresAt),
      status: 'open',
    })
}

function happenToAccount(world: World, entry: Entry): void {
  if (entry.command === 'OpenAccount') open(world, entry)
  const account =
    'accountId' in entry.members ? world.accounts.get(entry.members.accountId) : undefined
  if (account === undefined) return
  if (entry.command === 'FreezeAccount') account.frozen = entry.members.direction
  if (entry.command === 'UnfreezeAccount') account.frozen = 'none'
  if (entry.command === 'CloseAccount') account.closed = true
  if (entry.command === 'ReopenAccount') account.closed = false
  if (entry.command === 'ChangeAccountLimits') Object.assign(account, bounds(entry.members.limits))
}

function open(world: World, { members }: Entry & { command: 'OpenAccount' }): void {
  const usual = members.type === 'asset' || members.type === 'liability' ? '0' : null
  world.accounts.set(members.accountId, {
    type: members.type,
    min: bound(usual),
    max: null,
    ...bounds(members.limits ?? {}),
    closed: false,
    frozen: 'none',
  })
}

/** The limits that are given, as numbers. */
function bounds({ min, max }: Bounds): { min?: bigint | null; max?: bigint | null } {
  return {
    ...(min !== undefined && { min: bound(min) }),
    ...(max !== undefined && { max: bound(max) }),
  }
}

function happenToHold(world: World, entry: Entry): void {
  const hold = 'holdId' in entry.members ? world.holds.get(entry.members.holdId) : undefined
  if (hold === undefined) return
  if (entry.command === 'VoidHold') hold.status = 'voided'
  if (entry.command === 'ExpireHold') hold.status = 'expired'
  if (entry.command === 'ExtendHold') hold.expiresAt = asUtc(entry.members.expiresAt)
  if (entry.command !== 'CaptureHold') return
  const taken = amountsAsked(hold.left, entry.members.amounts)
  post(world, entry, withAmounts(hold.postings, taken))
  hold.left = hold.left.map((left, index) => left - (taken[index] ?? 0n))
  if (entry.members.final === true || hold.left.every((left) => left === 0n))
    hold.status = 'captured'
}

function post(world: World, entry: Entry & { members: About }, postings: NaivePosting[]): void {
  world.transactions.set(entry.revision, {
    postings,
    effectiveAt: asUtc(entry.members.effectiveAt) ?? entry.now,
    undoes: undefined,
    kind: 'plain',
    left: postings.map(({ amount }) => BigInt(amount)),
    sources: [],
  })
}

function undo(world: World, entry: Entry & { command: 'ReverseTransaction' }): void {
  const target = world.transactions.get(entry.members.transactionId)
  if (target === undefined) throw new Error('a reversal of nothing was accepted')
  const taken = amountsAsked(target.left, entry.members.amounts)
  target.left = target.left.map((left, index) => left - (taken[index] ?? 0n))
  if (target.kind === 'reversal') giveBack(world, target)
  post(world, entry, withAmounts(target.postings.map(turned), taken))
  const undoing = world.transactions.get(entry.revision)
  if (undoing === undefined) return
  undoing.undoes = entry.members.transactionId
  undoing.kind = target.kind === 'reversal' ? 'reinstatement' : 'reversal'
  undoing.sources = taken.flatMap((amount, index) => (amount === 0n ? [] : [index]))
}

/** What a reversal took is left to reverse again. */
function giveBack(world: World, reversal: NaiveTransaction): void {
  const original = world.transactions.get(reversal.undoes ?? '')
  for (const [index, source] of reversal.sources.entries())
    if (original !== undefined)
      original.left[source] =
        (original.left[source] ?? 0n) + BigInt(reversal.postings[index]?.amount ?? '0')
}

/** The postings with other amounts; those of nothing are no postings. */
export function withAmounts(
  postings: readonly NaivePosting[],
  amounts: readonly bigint[],
): NaivePosting[] {
  return postings.flatMap((posting, index) => {
    const amount = amounts[index] ?? 0n
    return amount === 0n ? [] : [{ ...posting, amount: amount.toString() }]
  })
}

export function turned({ debit, credit, ...rest }: NaivePosting): NaivePosting {
  return { ...rest, debit: credit, credit: debit }
}

/** All that was ever debited and credited, and all that is held, of one account in one asset. */
export function totalsOf(world: World, accountId: string, asset: string) {
  const posted = [...world.transactions.values()].flatMap(({ postings }) => postings)
  const stillOpen = [...world.holds.values()].filter(({ status }) => status === 'open')
  const held = stillOpen.flatMap(({ postings, left }) => withAmounts(postings, left))
  const sum = (list: readonly NaivePosting[], side: 'debit' | 'credit') =>
    list
      .filter((posting) => posting[side] === accountId && posting.asset === asset)
      .reduce((total, { amount }) => total + BigInt(amount), 0n)
  return {
    postedDebits: sum(posted, 'debit'),
    postedCredits: sum(posted, 'credit'),
    pendingDebits: sum(held, 'debit'),
    pendingCredits: sum(held, 'credit'),
  }
}

/** The least that may be left of an account, and the most that may come of it, as things stand. */
export function range(
  world: World,
  accountId: string,
  asset: string,
): { low: bigint; high: bigint } {
  const totals = totalsOf(world, accountId, asset)
  const type = world.accounts.get(accountId)?.type
  const net = totals.postedDebits - totals.postedCredits
  if (type === 'asset' || type === 'expense')
    return { low: net - totals.pendingCredits, high: net + totals.pendingDebits }
  return { low: -net - totals.pendingDebits, high: -net + totals.pendingCredits }
}

/** A time as an instant in UTC. */
export function asUtc(text: string | undefined): string | undefined {
  return text === undefined ? undefined : new Date(text).toISOString()
}

function bound(text: string | null): bigint | null {
  return text === null ? null : BigInt(text)
}
