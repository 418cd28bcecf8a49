import type {
  AccountClosed,
  AccountFrozen,
  AccountLimitsChanged,
  AccountOpened,
  AccountReopened,
  AccountUnfrozen,
  MetadataSet,
} from '#events/account-events.ts'
import type { CommandRejected } from '#events/command-rejected.ts'
import type { EnvelopeFields } from '#events/envelope.ts'
import type {
  HoldCaptured,
  HoldExpired,
  HoldExtended,
  HoldPlaced,
  HoldVoided,
} from '#events/hold-events.ts'
import { currentVersions, type LedgerEvent } from '#events/ledger-event.ts'
import type { AssetRegistered, LedgerChanged, LedgerOpened } from '#events/ledger-events.ts'
import type { Posting, TransactionPosted } from '#events/transaction-events.ts'
import {
  type AccountType,
  type BalanceRecord,
  balanceRecord,
  noTotals,
  type Totals,
} from '#values/balances.ts'
import { formatTimestamp, type Timestamp } from '#values/timestamps.ts'

/** What a test may say of an event's envelope; the rest is made up, from the revision where it can be. */
export type EnvelopeExample = Partial<EnvelopeFields>

/** An event of that type with its envelope. */
export type Recorded<Event extends LedgerEvent> = Event & EnvelopeFields & { readonly id: string }

const firstRecordedAtMs = Date.UTC(2026, 2, 1, 12)

/** When the event at that revision was recorded, where a test doesn't say: a second apart, from noon on 1 March 2026. */
export function recordedAtOf(revision: bigint): Timestamp {
  return formatTimestamp(firstRecordedAtMs + Number(revision) * 1000) ?? ''
}

/** Puts an event into an envelope. */
export function recorded<Event extends LedgerEvent>(
  event: Event,
  fields: EnvelopeExample = {},
): Recorded<Event> {
  const { revision = 0n, ledgerId = 'acme' } = fields
  const envelope: EnvelopeFields & { readonly id: string } = {
    id: `00000000-0000-5000-8000-${revision.toString(16).padStart(12, '0')}`,
    schemaVersion: currentVersions[event.type],
    ledgerId,
    revision,
    recordedAt: recordedAtOf(revision),
    actor: 'anonymous',
    correlationId: `correlation-${revision}`,
    causationId: `causation-${revision}`,
    writer: 'writer-1',
    idempotency: { key: `key-${revision}`, fingerprint: 'f'.repeat(64) },
    ...fields,
  }
  return { ...event, ...envelope }
}

type Example<Event extends LedgerEvent> = (
  data?: Partial<Event['data']>,
  envelope?: EnvelopeExample,
) => Recorded<Event>

/** What the names of the example accounts stand for. */
export function typeOf(accountId: string): AccountType {
  if (accountId.startsWith('bank')) return 'asset'
  return accountId.startsWith('fees') ? 'income' : 'liability'
}

/** A stored balance of an example account: the totals given, the others zero. */
export function record(
  accountId: string,
  totals: Partial<Totals> = {},
  asset = 'USD/2',
): BalanceRecord {
  return balanceRecord({ accountId, type: typeOf(accountId) }, asset, { ...noTotals, ...totals })
}

/** 25.00 USD from the bank to Alice: a deposit. */
export const deposit: Posting = {
  debit: 'bank:cash',
  credit: 'users:alice',
  asset: 'USD/2',
  amount: '2500',
}

/** 10.00 USD from Alice to Bob. */
export const transfer: Posting = {
  debit: 'users:alice',
  credit: 'users:bob',
  asset: 'USD/2',
  amount: '1000',
}

/** The balances that postings leave behind on accounts never used before, by account and asset. */
function balancesAfter(
  postings: readonly Posting[],
  kind: 'posted' | 'pending' = 'posted',
): readonly BalanceRecord[] {
  const totals = new Map<string, { accountId: string; asset: string; totals: Totals }>()
  for (const { debit, credit, asset, amount } of postings)
    for (const [accountId, side] of [
      [debit, `${kind}Debits`],
      [credit, `${kind}Credits`],
    ] as const) {
      const before = totals.get(`${accountId} ${asset}`)?.totals ?? noTotals
      const after = { ...before, [side]: before[side] + BigInt(amount) }
      totals.set(`${accountId} ${asset}`, { accountId, asset, totals: after })
    }
  return [...totals]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, each]) => record(each.accountId, each.totals, each.asset))
}

export const ledgerOpened: Example<LedgerOpened> = (data = {}, envelope = {}) =>
  recorded(
    {
      type: 'LedgerOpened',
      data: {
        name: 'Acme Payments',
        assets: [{ asset: 'USD/2', name: 'US dollar' }, { asset: 'EUR/2' }],
        metadata: {},
        ...data,
      },
    },
    envelope,
  )

export const ledgerChanged: Example<LedgerChanged> = (data = {}, envelope = {}) =>
  recorded(
    {
      type: 'LedgerChanged',
      data: {
        before: { name: 'Acme Payments' },
        after: { name: 'Acme Wallets' },
        previous: '0',
        ...data,
      },
    },
    envelope,
  )

export const assetRegistered: Example<AssetRegistered> = (data = {}, envelope = {}) =>
  recorded(
    { type: 'AssetRegistered', data: { asset: 'JPY/0', name: 'Yen', previous: '0', ...data } },
    envelope,
  )

export const accountOpened: Example<AccountOpened> = (data = {}, envelope = {}) =>
  recorded(
    {
      type: 'AccountOpened',
      data: {
        accountId: 'users:alice',
        type: typeOf(data.accountId ?? 'users:alice'),
        limits: { min: '0', max: null },
        metadata: {},
        ...data,
      },
    },
    envelope,
  )

const act = { accountId: 'users:alice', balances: [], previous: '1' } as const

export const accountLimitsChanged: Example<AccountLimitsChanged> = (data = {}, envelope = {}) =>
  recorded(
    {
      type: 'AccountLimitsChanged',
      data: {
        ...act,
        before: { min: '0', max: null },
        after: { min: '-500', max: '100000' },
        ...data,
      },
    },
    envelope,
  )

export const metadataSet: Example<MetadataSet> = (data = {}, envelope = {}) =>
  recorded(
    { type: 'MetadataSet', data: { ...act, before: {}, after: { tier: 'gold' }, ...data } },
    envelope,
  )

export const accountFrozen: Example<AccountFrozen> = (data = {}, envelope = {}) =>
  recorded(
    { type: 'AccountFrozen', data: { ...act, direction: 'debits', reason: 'a dispute', ...data } },
    envelope,
  )

export const accountUnfrozen: Example<AccountUnfrozen> = (data = {}, envelope = {}) =>
  recorded({ type: 'AccountUnfrozen', data: { ...act, reason: 'settled', ...data } }, envelope)

export const accountClosed: Example<AccountClosed> = (data = {}, envelope = {}) =>
  recorded({ type: 'AccountClosed', data: { ...act, reason: 'moved away', ...data } }, envelope)

export const accountReopened: Example<AccountReopened> = (data = {}, envelope = {}) =>
  recorded({ type: 'AccountReopened', data: { ...act, reason: 'came back', ...data } }, envelope)

/** By default the deposit, as the first transaction of both accounts; other postings make their own balances. */
export const transactionPosted: Example<TransactionPosted> = (data = {}, envelope = {}) =>
  recorded(
    {
      type: 'TransactionPosted',
      data: {
        kind: 'transaction',
        postings: [deposit],
        effectiveAt: envelope.recordedAt ?? recordedAtOf(envelope.revision ?? 0n),
        metadata: {},
        balances: balancesAfter(data.postings ?? [deposit]),
        ...data,
      },
    },
    envelope,
  )

/** By default Alice's transfer to Bob is reserved, the first thing that both accounts see. */
export const holdPlaced: Example<HoldPlaced> = (data = {}, envelope = {}) =>
  recorded(
    {
      type: 'HoldPlaced',
      data: {
        postings: [transfer],
        metadata: {},
        balances: balancesAfter(data.postings ?? [transfer], 'pending'),
        ...data,
      },
    },
    envelope,
  )

/** By default 4.00 of hold 5, which goes on holding 6.00. */
export const holdCaptured: Example<HoldCaptured> = (data = {}, envelope = {}) =>
  recorded(
    {
      type: 'HoldCaptured',
      data: {
        holdId: '5',
        previous: '5',
        amounts: ['400'],
        final: false,
        released: ['0'],
        remaining: ['600'],
        postings: [{ ...transfer, amount: '400', source: 0 }],
        effectiveAt: envelope.recordedAt ?? recordedAtOf(envelope.revision ?? 0n),
        metadata: {},
        balances: [
          record('users:alice', { postedDebits: 400n, pendingDebits: 600n }),
          record('users:bob', { postedCredits: 400n, pendingCredits: 600n }),
        ],
        ...data,
      },
    },
    envelope,
  )

const released = {
  holdId: '5',
  previous: '5',
  released: ['1000'],
  balances: [record('users:alice'), record('users:bob')],
} as const

export const holdVoided: Example<HoldVoided> = (data = {}, envelope = {}) =>
  recorded(
    { type: 'HoldVoided', data: { ...released, reason: 'not needed any more', ...data } },
    envelope,
  )

export const holdExpired: Example<HoldExpired> = (data = {}, envelope = {}) =>
  recorded({ type: 'HoldExpired', data: { ...released, ...data } }, envelope)

export const holdExtended: Example<HoldExtended> = (data = {}, envelope = {}) =>
  recorded(
    {
      type: 'HoldExtended',
      data: {
        holdId: '5',
        previous: '5',
        balances: balancesAfter([transfer], 'pending'),
        after: '2026-03-09T12:00:00.000Z',
        ...data,
      },
    },
    envelope,
  )

export const commandRejected: Example<CommandRejected> = (data = {}, envelope = {}) =>
  recorded(
    {
      type: 'CommandRejected',
      data: {
        command: 'PostTransaction',
        request: { postings: [{ ...transfer }] },
        status: 422,
        code: 'insufficient-funds',
        detail: 'users:alice has 0 USD/2 available and would need 1000',
        context: { account: 'users:alice', asset: 'USD/2', available: '0', required: '1000' },
        ...data,
      },
    },
    envelope,
  )
