import type { Envelope } from '#cli/audit/envelope-audit.ts'
import type { Note } from '#cli/audit/finding.ts'
import { type JsonReader, Unreadable } from '#cli/audit/json-reader.ts'
import { type AuditedAccount, highest, lowest, type NaiveBooks } from '#cli/audit/naive-books.ts'

const types: ReadonlySet<string> = new Set(['asset', 'expense', 'liability', 'equity', 'income'])
const directions: ReadonlySet<string> = new Set(['debits', 'credits', 'all'])

/** Checks an event about the ledger itself. */
export function auditLedgerAct(books: NaiveBooks, { type, data, revision }: Envelope, note: Note) {
  if (type === 'LedgerOpened') {
    if (revision !== 0n) note('revisions', 'the ledger is opened after its first event')
    for (const asset of data.objects('assets')) register(books, asset, note)
  } else {
    if (data.integer('previous') !== books.last)
      note('envelope', `its previous is ${data.text('previous')}, it was ${books.last}`)
    if (type === 'AssetRegistered') register(books, data, note)
  }
  books.last = revision
}

/** Checks an event about an account itself. */
export function auditAccountAct(books: NaiveBooks, event: Envelope, note: Note): void {
  const { type, data, revision } = event
  if (type === 'AccountOpened') return open(books, event, note)
  const account = books.account(data.text('accountId'))
  if (data.integer('previous') !== account.last)
    note('accounts', `its previous is ${data.text('previous')}, it was ${account.last}`)
  account.last = revision
  books.compare(books.places(account), data.objects('balances'), note)
  if (account.closed !== (type === 'AccountReopened'))
    note(
      'accounts',
      `${type} of ${account.accountId}, which is ${account.closed ? 'closed' : 'open'}`,
    )
  act(account, event, note)
}

function register({ assets }: NaiveBooks, data: JsonReader, note: Note): void {
  const asset = data.text('asset')
  if (assets.has(asset)) note('accounts', `asset ${asset} is registered twice`)
  assets.add(asset)
}

function open(books: NaiveBooks, { data, revision }: Envelope, note: Note): void {
  const accountId = data.text('accountId')
  const type = data.text('type')
  if (!types.has(type)) throw new Unreadable(`there is no account type ${type}`)
  if (books.accounts.has(accountId)) note('accounts', `${accountId} is opened twice`)
  const limits = data.object('limits')
  books.accounts.set(accountId, {
    accountId,
    type,
    min: limits.limit('min'),
    max: limits.limit('max'),
    closed: false,
    frozen: 'none',
    last: revision,
    totals: new Map(),
  })
}

function act(account: AuditedAccount, { type, data }: Envelope, note: Note): void {
  if (type === 'AccountLimitsChanged') changeLimits(account, data, note)
  if (type === 'AccountClosed') close(account, note)
  if (type === 'AccountReopened') account.closed = false
  if (type === 'AccountUnfrozen') {
    if (account.frozen === 'none') note('accounts', `${account.accountId} was not frozen`)
    account.frozen = 'none'
  }
  if (type === 'AccountFrozen') {
    account.frozen = data.text('direction')
    if (!directions.has(account.frozen)) note('accounts', `is frozen for ${account.frozen}`)
  }
}

/** A limit that was changed is one that the balances keep. */
function changeLimits(account: AuditedAccount, data: JsonReader, note: Note): void {
  const [before, after] = [data.object('before'), data.object('after')]
  if (before.limit('min') !== account.min || before.limit('max') !== account.max)
    note('limits', `the limits of ${account.accountId} were others before`)
  const [min, max] = [after.limit('min'), after.limit('max')]
  for (const [asset, counted] of account.totals) {
    const [low, high] = [lowest(account.type, counted), highest(account.type, counted)]
    if (min !== undefined && min !== account.min && low < min)
      note('limits', `${account.accountId} has ${low} ${asset}, its new minimum is ${min}`)
    if (max !== undefined && max !== account.max && high > max)
      note('limits', `${account.accountId} may reach ${high} ${asset}, its new maximum is ${max}`)
  }
  account.min = min
  account.max = max
}

function close(account: AuditedAccount, note: Note): void {
  for (const [asset, { postedDebits, postedCredits, ...pending }] of account.totals) {
    const isEmpty =
      postedDebits === postedCredits && Object.values(pending).every((it) => it === 0n)
    if (!isEmpty) note('accounts', `${account.accountId} is closed and has ${asset}`)
  }
  account.closed = true
}
