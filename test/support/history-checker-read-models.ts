import { isDeepStrictEqual } from 'node:util'
import { CheckedBooks } from '#test/support/history-checker-books.ts'
import type { LoggedEvent } from '#test/support/history-checker-events.ts'
import {
  type CheckedAccount,
  type CheckedHold,
  type CheckedTransaction,
  meaning,
  totalNames,
} from '#test/support/history-checker-state.ts'
import type { ApiClient } from '#test/support/http-client.ts'

/** What a ledger's read models show over HTTP, whole. */
export type ShownModels = {
  readonly ledger: unknown
  readonly accounts: readonly unknown[]
  readonly transactions: readonly unknown[]
  readonly holds: readonly unknown[]
  readonly commands: readonly unknown[]
  readonly entries: readonly unknown[]
  readonly trialBalance: unknown
}

/** Reads all of it, once it contains at least the revision. */
export async function readModels(
  api: ApiClient,
  ledgerId: string,
  revision: bigint,
): Promise<ShownModels> {
  const path = `/v1/ledgers/${ledgerId}`
  const headers = { 'min-revision': revision.toString() }
  const list = (rest: string) => api.all(`${path}${rest}limit=200`, headers)
  const accounts = await list('/accounts?')
  const entries: unknown[] = []
  for (const account of accounts)
    entries.push(...(await list(`/accounts/${String(Object(account).accountId)}/entries?`)))
  return {
    ledger: (await api.get(path, headers)).at('data'),
    accounts,
    entries,
    transactions: await list('/transactions?'),
    holds: await list('/holds?'),
    commands: await list('/commands?'),
    trialBalance: (await api.get(`${path}/trial-balance?limit=10000`, headers)).at('data'),
  }
}

/** Everything in which the read models are not what a plain fold of the log says. */
export function checkReadModels(
  events: readonly LoggedEvent[],
  shown: ShownModels,
): readonly string[] {
  const books = new CheckedBooks()
  for (const event of events) books.apply(event)
  const ledgerId = events[0]?.ledgerId ?? ''
  const expected: ShownModels = {
    ledger: ledgerOf(books, ledgerId, events.at(-1)?.revision ?? ''),
    accounts: byId([...books.accounts.values()].map(accountOf)),
    transactions: [...books.transactions.values()].map(transactionOf).toReversed(),
    holds: [...books.holds.values()].map(holdOf).toReversed(),
    commands: events.map(commandOf).toReversed(),
    entries: entriesOf(books),
    trialBalance: { ledgerId, assets: trialBalanceOf(books) },
  }
  return [
    ...differences('accounts', expected.accounts, shown.accounts),
    ...differences('transactions', expected.transactions, shown.transactions),
    ...differences('holds', expected.holds, shown.holds),
    ...differences('commands', expected.commands, shown.commands),
    ...differences('entries', expected.entries, shown.entries),
    ...differences('ledger', [expected.ledger], [shown.ledger]),
    ...differences('trial balance', [expected.trialBalance], [shown.trialBalance]),
  ].map((violation) => `${ledgerId}: ${violation}`)
}

function differences(
  name: string,
  expected: readonly unknown[],
  shown: readonly unknown[],
): readonly string[] {
  const found: string[] = []
  if (expected.length !== shown.length)
    found.push(`${name}: ${shown.length} are shown, the log has ${expected.length}`)
  for (const [index, item] of expected.entries()) {
    const plain: unknown = JSON.parse(JSON.stringify(item))
    if (isDeepStrictEqual(plain, shown[index])) continue
    found.push(
      `${name} ${index} is shown as ${JSON.stringify(shown[index])}, the log says ${JSON.stringify(item)}`,
    )
    break
  }
  return found
}

function ledgerOf(books: CheckedBooks, ledgerId: string, revision: string) {
  const { name, assets, metadata, createdAt } = books
  return { ledgerId, name, assets, metadata, createdAt, revision }
}

function accountOf({ totals, ...account }: CheckedAccount) {
  const { accountId, type } = account
  const balances = [...totals].map(([asset, each]) => {
    const { posted, available, pending } = meaning(type, each)
    const raw = Object.fromEntries(totalNames.map((name) => [name, each[name].toString()]))
    return {
      accountId,
      asset,
      ...raw,
      posted: posted.toString(),
      available: available.toString(),
      pending: pending.toString(),
    }
  })
  return { ...account, balances: balances.toSorted((a, b) => (a.asset < b.asset ? -1 : 1)) }
}

function transactionOf({ event, kind, postings, reversedBy, reversed }: CheckedTransaction) {
  const { data, recordedAt, actor, revision } = event
  const { effectiveAt, externalReference, description, metadata, reverses, reason, holdId } = data
  return {
    transactionId: revision,
    kind,
    postings,
    effectiveAt,
    recordedAt,
    externalReference,
    description,
    metadata,
    reverses,
    reason,
    ...(reversedBy.length > 0 && { reversedBy, reversedAmounts: reversed.map(String) }),
    holdId,
    actor,
  }
}

function holdOf({ holdId, event, status, expiresAt, captures, postings }: CheckedHold) {
  const { externalReference, description, metadata } = event.data
  return {
    holdId,
    status,
    postings: postings.map(({ debit, credit, asset, amount, captured, released }) => ({
      debit,
      credit,
      asset,
      amount: amount.toString(),
      captured: captured.toString(),
      released: released.toString(),
      remaining: (amount - captured - released).toString(),
    })),
    expiresAt,
    externalReference,
    description,
    metadata,
    createdAt: event.recordedAt,
    captures,
  }
}

const commandNames: Readonly<Record<string, string>> = {
  LedgerOpened: 'OpenLedger',
  LedgerChanged: 'ChangeLedger',
  AssetRegistered: 'RegisterAsset',
  AccountOpened: 'OpenAccount',
  AccountLimitsChanged: 'ChangeAccountLimits',
  MetadataSet: 'SetMetadata',
  AccountFrozen: 'FreezeAccount',
  AccountUnfrozen: 'UnfreezeAccount',
  AccountClosed: 'CloseAccount',
  AccountReopened: 'ReopenAccount',
  TransactionPosted: 'PostTransaction',
  HoldPlaced: 'PlaceHold',
  HoldCaptured: 'CaptureHold',
  HoldVoided: 'VoidHold',
  HoldExpired: 'ExpireHold',
  HoldExtended: 'ExtendHold',
}

function commandOf({
  type,
  data,
  revision,
  idempotency,
  actor,
  recordedAt,
  correlationId,
}: LoggedEvent) {
  const rejected = type === 'CommandRejected'
  const reverses = data.reverses !== undefined
  return {
    revision,
    command: rejected ? data.command : reverses ? 'ReverseTransaction' : commandNames[type],
    outcome: rejected ? 'rejected' : 'accepted',
    ...(rejected && { code: data.code, detail: data.detail }),
    idempotencyKey: idempotency.key,
    actor,
    recordedAt,
    correlationId,
  }
}

/** Account by account, each in the order of revisions. */
function entriesOf(books: CheckedBooks) {
  const of = Map.groupBy(books.entries, ({ accountId }) => accountId)
  return [...of.keys()].toSorted(inOrder).flatMap((accountId) =>
    (of.get(accountId) ?? []).map(({ event, amount, balance, ...entry }) => ({
      transactionId: event.revision,
      revision: event.revision,
      ...entry,
      amount: amount.toString(),
      effectiveAt: event.data.effectiveAt,
      recordedAt: event.recordedAt,
      balance: balance.toString(),
      description: event.data.description,
    })),
  )
}

function trialBalanceOf(books: CheckedBooks) {
  return books.assets
    .map(({ asset }) => asset)
    .toSorted(inOrder)
    .map((asset) => {
      const accounts = [...books.accounts.values()]
        .filter(({ accountId }) =>
          books.entries.some((entry) => entry.accountId === accountId && entry.asset === asset),
        )
        .toSorted((a, b) => inOrder(a.accountId, b.accountId))
      const rows = accounts.map(({ accountId, type, totals }) => {
        const each = totals.get(asset) ?? books.totals('', '')
        return {
          accountId,
          type,
          debits: each.postedDebits,
          credits: each.postedCredits,
          posted: meaning(type, each).posted,
        }
      })
      const sum = (side: 'debits' | 'credits') =>
        rows.reduce((total, row) => total + row[side], 0n).toString()
      return {
        asset,
        totalDebits: sum('debits'),
        totalCredits: sum('credits'),
        accounts: rows.map((row) => ({
          ...row,
          debits: row.debits.toString(),
          credits: row.credits.toString(),
          posted: row.posted.toString(),
        })),
      }
    })
}

function byId<Item extends { accountId: string }>(items: readonly Item[]): readonly Item[] {
  return items.toSorted((a, b) => inOrder(a.accountId, b.accountId))
}

function inOrder(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
