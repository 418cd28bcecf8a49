import * as fc from 'fast-check'
import type { Posting, SourcedPosting } from '#events/transaction-events.ts'
import { ExampleBooks } from '#test/support/example-books.ts'
import { recordedAtOf } from '#test/support/examples.ts'
import { accountTypes } from '#values/balances.ts'

/** One throw of the dice: what is tried next, on what, and how much. */
export type Throw = { readonly act: Act; readonly pick: number; readonly amount: bigint }

type Play = (books: ExampleBooks, dice: Throw) => void

const noLimits = { min: null, max: null }
const reason = 'a test'

/** Each records one event, or nothing where there is nothing to do it on. */
const acts = {
  open: openAccount,
  register(books) {
    const asset = `A${books.next}/2`
    books.assets.push(asset)
    books.record({ type: 'AssetRegistered', data: { asset, previous: '0' } })
  },
  rename(books, { pick }) {
    const [before, after] = [{ name: 'before' }, { name: `name ${pick}` }]
    books.record({ type: 'LedgerChanged', data: { before, after, previous: '0' } })
  },
  limit(books, dice) {
    const [act] = actOn(books, dice)
    const after = { min: `-${dice.amount}`, max: null }
    books.record({ type: 'AccountLimitsChanged', data: { ...act, before: noLimits, after } })
  },
  note(books, dice) {
    const [act] = actOn(books, dice)
    books.record({ type: 'MetadataSet', data: { ...act, before: {}, after: { n: dice.act } } })
  },
  freeze(books, dice) {
    const [act, account] = actOn(books, dice)
    account.frozen = !account.frozen
    if (!account.frozen) books.record({ type: 'AccountUnfrozen', data: { ...act, reason } })
    else books.record({ type: 'AccountFrozen', data: { ...act, direction: 'all', reason } })
  },
  close(books, dice) {
    const account = at([...books.accounts.values()], dice.pick)
    if (account === undefined || account.totals.size > 0) return
    const [act] = actOn(books, dice)
    account.status = account.status === 'open' ? 'closed' : 'open'
    const type = account.status === 'open' ? 'AccountReopened' : 'AccountClosed'
    books.record({ type, data: { ...act, reason } })
  },
  post(books, dice) {
    const postings = postingsFrom(books, dice)
    if (postings.length === 0) return
    books.remember(postings)
    const data = { kind: 'transaction', ...books.book(postings) } as const
    books.record({ type: 'TransactionPosted', data })
  },
  reverse: reverseTransaction,
  reinstate: reinstateReversal,
  hold(books, dice) {
    const postings = postingsFrom(books, dice)
    if (postings.length === 0) return
    const holdId = books.next
    const remaining = postings.map(({ amount }) => BigInt(amount))
    books.holds.set(holdId, { holdId, postings, remaining, previous: holdId })
    for (const posting of postings) books.move(posting, 'pending', BigInt(posting.amount))
    const balances = books.balances(postings)
    books.record({ type: 'HoldPlaced', data: { postings, metadata: {}, balances } })
  },
  capture: captureHold,
  release(books, dice) {
    const [act, hold] = actOnHold(books, dice)
    if (hold === undefined) return
    const released = texts(hold.remaining)
    for (const [index, amount] of released.entries()) books.free(hold, index, BigInt(amount))
    const data = { ...act, released, balances: books.balances(hold.postings) }
    if (dice.pick % 2 === 0) books.record({ type: 'HoldExpired', data })
    else books.record({ type: 'HoldVoided', data: { ...data, reason } })
  },
  extend(books, dice) {
    const [act, hold] = actOnHold(books, dice)
    if (hold === undefined) return
    const balances = books.balances(hold.postings)
    books.record({ type: 'HoldExtended', data: { ...act, after: recordedAtOf(999n), balances } })
  },
} satisfies Record<string, Play>

type Act = keyof typeof acts

/** Throws that make a history of any kind; money moves most often. */
export const throws: fc.Arbitrary<readonly Throw[]> = fc.array(
  fc.record({
    act: fc.constantFrom(
      ...(['open', 'register', 'rename', 'limit', 'note', 'freeze', 'close', 'extend'] as const),
      ...(['post', 'post', 'hold', 'hold', 'capture', 'capture', 'release'] as const),
      ...(['reverse', 'reverse', 'reinstate', 'reinstate'] as const),
    ),
    pick: fc.nat(60),
    amount: fc.bigInt(1n, 999n),
  }),
  { maxLength: 40 },
)

/** The books after a ledger's opening, three accounts, and an event for every throw: a refusal where nothing else can be. */
export function booksOf(ledgerId: string, dice: readonly Throw[]): ExampleBooks {
  const books = new ExampleBooks(ledgerId)
  books.assets.push('USD/2')
  const assets = [{ asset: 'USD/2' }]
  books.record({ type: 'LedgerOpened', data: { name: ledgerId, assets, metadata: {} } })
  for (const pick of [0, 2, 4]) openAccount(books, { pick })
  for (const each of dice) {
    const before = books.next
    acts[each.act](books, each)
    if (books.next === before) refuse(books)
  }
  return books
}

function openAccount(books: ExampleBooks, { pick }: Pick<Throw, 'pick'>): void {
  const type = accountTypes[pick % accountTypes.length] ?? 'asset'
  const accountId = `${type}:${books.next}`
  const fresh = { status: 'open', frozen: false, previous: books.next, totals: new Map() } as const
  books.accounts.set(accountId, { accountId, type, ...fresh })
  const data = { accountId, type, limits: noLimits, metadata: {} }
  books.record({ type: 'AccountOpened', data })
}

function reverseTransaction(books: ExampleBooks, { pick, amount }: Throw): void {
  const targets = [...books.transactions.values()].filter(
    ({ reversible, reverses }) => reverses === undefined && reversible.some((each) => each > 0n),
  )
  const target = at(targets, pick)
  if (target === undefined) return
  const taken = target.reversible.map((each) => least(each, amount))
  const postings = target.postings.flatMap((posting, source) =>
    (taken[source] ?? 0n) > 0n ? [turned(posting, taken[source] ?? 0n, source)] : [],
  )
  for (const [index, each] of taken.entries())
    target.reversible[index] = (target.reversible[index] ?? 0n) - each
  const reverses = target.transactionId
  books.remember(postings, reverses)
  const data = { kind: 'reversal', reverses, reason, ...books.book(postings) } as const
  books.record({ type: 'TransactionPosted', data })
}

function reinstateReversal(books: ExampleBooks, { pick }: Throw): void {
  const targets = [...books.transactions.values()].filter(({ reverses }) => reverses !== undefined)
  const target = at(targets, pick)
  const original = books.transactions.get(target?.reverses ?? '')
  if (target === undefined || original === undefined) return
  const amounts = givenBack(original, target.postings)
  const postings = target.postings.map((each, source) => turned(each, BigInt(each.amount), source))
  const reinstates = { transactionId: original.transactionId, amounts }
  const reinstatement = { reverses: target.transactionId, reinstates, ...books.book(postings) }
  books.record({ type: 'TransactionPosted', data: { kind: 'reinstatement', ...reinstatement } })
  books.transactions.delete(target.transactionId)
}

/** Makes the amounts of a reversal reversible again; one per posting of the original as far as the last of them. */
function givenBack(
  original: { readonly reversible: bigint[] },
  reversal: readonly SourcedPosting[],
): readonly string[] {
  const amounts: string[] = []
  for (const { source = 0, amount } of reversal) {
    while (amounts.length < source) amounts.push('0')
    amounts.push(amount)
    original.reversible[source] = (original.reversible[source] ?? 0n) + BigInt(amount)
  }
  return amounts
}

function captureHold(books: ExampleBooks, dice: Throw): void {
  const [act, hold] = actOnHold(books, dice)
  if (hold === undefined) return
  const final = dice.pick % 3 === 0
  const taken = hold.remaining.map((each) => least(each, dice.amount))
  const released = hold.remaining.map((each, index) => (final ? each - (taken[index] ?? 0n) : 0n))
  for (const index of taken.keys())
    books.free(hold, index, (taken[index] ?? 0n) + (released[index] ?? 0n))
  const postings = hold.postings.flatMap((posting, source) =>
    (taken[source] ?? 0n) > 0n ? [{ ...posting, amount: `${taken[source]}`, source }] : [],
  )
  const parts = {
    amounts: texts(taken),
    released: texts(released),
    remaining: texts(hold.remaining),
  }
  const data = { ...act, ...books.book(postings), ...parts, final }
  const balances = books.balances(hold.postings)
  books.record({ type: 'HoldCaptured', data: { ...data, balances } })
}

function refuse(books: ExampleBooks): void {
  const refusal = { status: 422, code: 'insufficient-funds', detail: 'a test', context: {} }
  books.record({ type: 'CommandRejected', data: { command: 'PostTransaction', ...refusal } })
}

/** One to three postings between different open accounts; none where there are not two. */
function postingsFrom(books: ExampleBooks, { pick, amount }: Throw): readonly Posting[] {
  const open = [...books.accounts.values()].filter(({ status }) => status === 'open')
  if (open.length < 2) return []
  return Array.from({ length: 1 + (pick % 3) }, (_, index) => ({
    debit: at(open, pick + index)?.accountId ?? '',
    credit: at(open, pick + index + 1)?.accountId ?? '',
    asset: at(books.assets, Math.floor(pick / 3) + index) ?? '',
    amount: (amount + BigInt(index)).toString(),
  }))
}

function actOn(books: ExampleBooks, { pick }: Throw) {
  const account = at([...books.accounts.values()], pick)
  if (account === undefined) throw new Error('a ledger begins with accounts')
  const { accountId, previous } = account
  account.previous = books.next
  return [{ accountId, previous, balances: books.balancesOf(accountId) }, account] as const
}

function actOnHold(books: ExampleBooks, { pick }: Throw) {
  const hold = at([...books.holds.values()], pick)
  const act = { holdId: hold?.holdId ?? '', previous: hold?.previous ?? '' }
  if (hold !== undefined) hold.previous = books.next
  return [act, hold] as const
}

function turned({ debit, credit, asset }: Posting, amount: bigint, source: number) {
  return { debit: credit, credit: debit, asset, amount: amount.toString(), source }
}

function at<Item>(items: readonly Item[], index: number): Item | undefined {
  return items.at(items.length === 0 ? 0 : index % items.length)
}

function texts(amounts: readonly bigint[]): readonly string[] {
  return amounts.map(String)
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
