import type { AccountOpened, Limits } from '#events/account-events.ts'
import type { RecordedEvent } from '#events/envelope.ts'
import { type Account, type Ledger, put } from '#ledger/ledger.ts'

type AccountEvent = Extract<
  RecordedEvent,
  {
    type:
      | 'AccountOpened'
      | 'AccountLimitsChanged'
      | 'MetadataSet'
      | 'AccountFrozen'
      | 'AccountUnfrozen'
      | 'AccountClosed'
      | 'AccountReopened'
  }
>

/** Applies an event about an account itself. */
export function evolveAccount(ledger: Ledger, event: AccountEvent): void {
  const account =
    event.type === 'AccountOpened'
      ? opened(event)
      : { ...accountOf(ledger, event), ...after(event) }
  put(ledger, ledger.accounts, [account.accountId, { ...account, lastAct: event.revision }])
}

/** Limits as numbers; null is none. */
function limitsOf(limits: Limits): Account['limits'] {
  return {
    min: limits.min === null ? null : BigInt(limits.min),
    max: limits.max === null ? null : BigInt(limits.max),
  }
}

function opened(event: Extract<RecordedEvent, { type: 'AccountOpened' }>): Account {
  const { accountId, type, limits, metadata }: AccountOpened['data'] = event.data
  return {
    accountId,
    type,
    status: 'open',
    frozen: 'none',
    limits: limitsOf(limits),
    metadata,
    createdAt: event.recordedAt,
    lastAct: event.revision,
    balances: new Map(),
  }
}

function accountOf(ledger: Ledger, event: AccountEvent): Account {
  const account = ledger.accounts.get(event.data.accountId)
  if (account === undefined) throw new Error(`account ${event.data.accountId} was never opened`)
  return account
}

function after(event: Exclude<AccountEvent, { type: 'AccountOpened' }>): Partial<Account> {
  switch (event.type) {
    case 'AccountLimitsChanged':
      return { limits: limitsOf(event.data.after) }
    case 'MetadataSet':
      return { metadata: event.data.after }
    case 'AccountFrozen':
      return { frozen: event.data.direction }
    case 'AccountUnfrozen':
      return { frozen: 'none' }
    case 'AccountClosed':
      return { status: 'closed' }
    case 'AccountReopened':
      return { status: 'open' }
  }
}
