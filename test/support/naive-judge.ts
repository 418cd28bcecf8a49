import {
  amountsAsked,
  asUtc,
  type Entry,
  type NaiveCommand,
  type NaivePosting,
  range,
  totalsOf,
  turned,
  withAmounts,
  type World,
  worldAfter,
} from '#test/support/naive-books.ts'

type Of<Name> = Extract<NaiveCommand, { command: Name }>

/** What has been accepted so far, and the assets that the ledger was opened with. */
export type NaiveBooks = { readonly assets: readonly string[]; readonly entries: readonly Entry[] }

/**
 * Every reason there is to refuse a command: none means that it must be accepted, otherwise it must be refused for one
 * of them. `nothing` is what the program's own command comes to where there is nothing to do.
 */
export function reasonsAgainst(books: NaiveBooks, asked: NaiveCommand, now: string): Set<string> {
  const world = worldAfter(books.assets, books.entries)
  switch (asked.command) {
    case 'RegisterAsset':
      return reasons([world.assets.has(asked.members.asset), 'asset-exists'])
    case 'OpenAccount':
      return opening(world, asked)
    case 'PostTransaction':
      return posting(books, world, { asked, now })
    case 'ReverseTransaction':
      return reversing(books, world, { asked, now })
    case 'PlaceHold':
      return holding(books, world, { asked, now })
    case 'CaptureHold':
    case 'VoidHold':
    case 'ExtendHold':
      return actingOnHold(books, world, { asked, now })
    case 'ExpireHold': {
      const hold = world.holds.get(asked.members.holdId)
      const due = hold?.status === 'open' && isDue(hold.expiresAt, now)
      return reasons([!due, 'nothing'])
    }
    case 'ChangeAccountLimits':
    case 'SetMetadata':
    case 'FreezeAccount':
    case 'UnfreezeAccount':
    case 'CloseAccount':
    case 'ReopenAccount':
      return actingOnAccount(world, asked)
  }
}

function reasons(...all: readonly (readonly [boolean, string])[]): Set<string> {
  return new Set(all.flatMap(([against, code]) => (against ? [code] : [])))
}

function opening(world: World, { members }: Of<'OpenAccount'>): Set<string> {
  const usual = members.type === 'asset' || members.type === 'liability' ? '0' : null
  const min = members.limits?.min === undefined ? usual : members.limits.min
  return reasons(
    [world.accounts.has(members.accountId), 'account-exists'],
    [inverted(min, members.limits?.max ?? null), 'limits-inverted'],
  )
}

type AccountAct = Extract<NaiveCommand, { members: { accountId: string } }>

function actingOnAccount(world: World, asked: AccountAct): Set<string> {
  const { accountId } = asked.members
  const account = world.accounts.get(accountId)
  if (account === undefined) return new Set(['account-not-found'])
  if (asked.command === 'ReopenAccount') return reasons([!account.closed, 'account-not-closed'])
  const thawing = asked.command === 'UnfreezeAccount'
  return new Set([
    ...reasons(
      [account.closed, 'account-closed'],
      [thawing && account.frozen === 'none', 'account-not-frozen'],
    ),
    ...(asked.command === 'ChangeAccountLimits' ? limiting(world, asked) : []),
    ...(asked.command === 'CloseAccount' ? closing(world, accountId) : []),
  ])
}

function limiting(world: World, { members }: Of<'ChangeAccountLimits'>): Set<string> {
  const { min, max } = members.limits
  const account = world.accounts.get(members.accountId)
  const after = {
    min: min === undefined ? (account?.min ?? null) : min,
    max: max === undefined ? (account?.max ?? null) : max,
  }
  const used = [...world.assets].filter((asset) => everMoved(world, members.accountId, asset))
  const outside = used.some((asset) => {
    const { low, high } = range(world, members.accountId, asset)
    return (
      (typeof min === 'string' && low < BigInt(min)) ||
      (typeof max === 'string' && high > BigInt(max))
    )
  })
  return reasons(
    [inverted(after.min, after.max), 'limits-inverted'],
    [outside, 'limits-violated-by-balance'],
  )
}

function closing(world: World, accountId: string): Set<string> {
  const all = [...world.assets].map((asset) => totalsOf(world, accountId, asset))
  return reasons(
    [all.some((each) => each.postedDebits !== each.postedCredits), 'account-not-empty'],
    [all.some((each) => each.pendingDebits + each.pendingCredits > 0n), 'account-has-holds'],
  )
}

/** Limits say nothing about assets that an account never had to do with. */
function everMoved(world: World, accountId: string, asset: string): boolean {
  const all = [...world.transactions.values(), ...world.holds.values()]
  return all
    .flatMap(({ postings }) => postings)
    .some((each) => each.asset === asset && (each.debit === accountId || each.credit === accountId))
}

type Asked<Name> = { asked: Of<Name>; now: string }

function posting(books: NaiveBooks, world: World, { asked, now }: Asked<'PostTransaction'>) {
  const { members } = asked
  return new Set([
    ...reasons([(asUtc(members.effectiveAt) ?? now) > now, 'effective-at-in-future']),
    ...moving(world, members.postings),
    ...reference(world, members.externalReference),
    ...conditions(world, members.conditions),
    ...exceeding(books, world, { ...asked, revision: 'next', now }),
  ])
}

function holding(books: NaiveBooks, world: World, { asked, now }: Asked<'PlaceHold'>) {
  const { members } = asked
  return new Set([
    ...reasons([isDue(asUtc(members.expiresAt), now), 'expires-at-not-in-future']),
    ...moving(world, members.postings),
    ...reference(world, members.externalReference),
    ...conditions(world, members.conditions),
    ...exceeding(books, world, { ...asked, revision: 'next', now }),
  ])
}

function actingOnHold(
  books: NaiveBooks,
  world: World,
  { asked, now }: Asked<'CaptureHold' | 'VoidHold' | 'ExtendHold'>,
): Set<string> {
  const hold = world.holds.get(asked.members.holdId)
  if (hold === undefined) return new Set(['hold-not-found'])
  if (hold.status === 'expired') return new Set(['hold-expired'])
  if (hold.status !== 'open') return new Set(['hold-not-open'])
  if (isDue(hold.expiresAt, now)) return new Set(['hold-expired'])
  if (asked.command === 'VoidHold') return new Set()
  if (asked.command === 'ExtendHold')
    return reasons([isDue(asUtc(asked.members.expiresAt), now), 'expires-at-not-in-future'])
  const taken = amountsAsked(hold.left, asked.members.amounts)
  const found = new Set([
    ...reasons(
      [(asUtc(asked.members.effectiveAt) ?? now) > now, 'effective-at-in-future'],
      [taken.length !== hold.left.length, 'amounts-mismatch'],
      [taken.some((amount, index) => amount > (hold.left[index] ?? 0n)), 'capture-exceeds-hold'],
    ),
    ...moving(world, withAmounts(hold.postings, taken)),
    ...reference(world, asked.members.externalReference),
  ])
  const sensible = !found.has('amounts-mismatch') && !found.has('capture-exceeds-hold')
  const limits = sensible ? exceeding(books, world, { ...asked, revision: 'next', now }) : []
  return new Set([...found, ...limits])
}

function reversing(books: NaiveBooks, world: World, { asked, now }: Asked<'ReverseTransaction'>) {
  const { members } = asked
  const target = world.transactions.get(members.transactionId)
  if (target === undefined) return new Set(['transaction-not-found'])
  if (target.kind === 'reinstatement') return new Set(['not-reversible'])
  const taken = amountsAsked(target.left, members.amounts)
  const partly =
    target.kind === 'reversal' &&
    taken.some((amount, index) => amount !== BigInt(target.postings[index]?.amount ?? '0'))
  const effectiveAt = asUtc(members.effectiveAt) ?? now
  const beyond = taken.some((amount, index) => amount > (target.left[index] ?? 0n))
  const wrong = reasons(
    [taken.length !== target.left.length, 'amounts-mismatch'],
    [beyond || taken.every((amount) => amount === 0n), 'reversal-exceeds-original'],
    [partly, 'not-reversible'],
  )
  const limits = wrong.size > 0 ? [] : exceeding(books, world, { ...asked, revision: 'next', now })
  return new Set([
    ...wrong,
    ...reasons(
      [effectiveAt > now, 'effective-at-in-future'],
      [effectiveAt < target.effectiveAt, 'effective-at-before-original'],
    ),
    ...moving(world, withAmounts(target.postings.map(turned), taken)),
    ...reference(world, members.externalReference),
    ...limits,
  ])
}

function moving(world: World, postings: readonly NaivePosting[]): Set<string> {
  const all = postings.flatMap(({ debit, credit, asset }) => [
    ...reasons([debit === credit, 'same-account'], [!world.assets.has(asset), 'asset-unknown']),
    ...touching(world, debit, 'debits'),
    ...touching(world, credit, 'credits'),
  ])
  return new Set(all)
}

function touching(world: World, accountId: string, side: 'debits' | 'credits'): Set<string> {
  const account = world.accounts.get(accountId)
  if (account === undefined) return new Set(['account-not-found'])
  return reasons(
    [account.closed, 'account-closed'],
    [account.frozen === side || account.frozen === 'all', 'account-frozen'],
  )
}

function reference(world: World, asked: string | undefined): Set<string> {
  return reasons([asked !== undefined && world.references.has(asked), 'external-reference-exists'])
}

function conditions(
  world: World,
  asked: Of<'PlaceHold'>['members']['conditions'] = [],
): Set<string> {
  const found = new Set<string>()
  for (const { account, asset, available } of asked) {
    const { low } = range(world, account, asset)
    const held =
      (available.gte === undefined || low >= BigInt(available.gte)) &&
      (available.lte === undefined || low <= BigInt(available.lte))
    if (!world.accounts.has(account)) found.add('account-not-found')
    if (!world.assets.has(asset)) found.add('asset-unknown')
    if (!held) found.add('condition-failed')
  }
  return found
}

/** Which limits the world would be outside of, and further than before, if this happened. */
function exceeding(books: NaiveBooks, before: World, entry: Entry): Set<string> {
  const after = worldAfter(books.assets, [...books.entries, entry])
  const assets = new Set(
    [...after.transactions.values(), ...after.holds.values()].flatMap(({ postings }) =>
      postings.map(({ asset }) => asset),
    ),
  )
  const found = new Set<string>()
  for (const [accountId, { min, max }] of before.accounts)
    for (const asset of assets) {
      const was = range(before, accountId, asset)
      const is = range(after, accountId, asset)
      if (min !== null && is.low < was.low && is.low < min) found.add('insufficient-funds')
      if (max !== null && is.high > was.high && is.high > max) found.add('limit-exceeded')
    }
  return found
}

function isDue(expiresAt: string | undefined, now: string): boolean {
  return expiresAt !== undefined && expiresAt <= now
}

function inverted(min: bigint | string | null, max: bigint | string | null): boolean {
  return min !== null && max !== null && BigInt(min) > BigInt(max)
}
