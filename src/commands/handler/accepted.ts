import { type AcceptedEvent, answerTo, type Before } from '#commands/handler/answers.ts'
import type { AcceptedOutcome } from '#commands/handler/outcome.ts'
import type { Ledger } from '#ledger/ledger.ts'
import { balanceRecords } from '#ledger/stored-form.ts'
import { type BalanceRecord, balanceOf } from '#values/balances.ts'

/**
 * More balances than that are put into an act's answer when it is sent: thousands may wait for their batch, or the disk.
 * Until then a replay keeps the event's records, and a fresh answer an entry per asset that the account has.
 */
const keptBalancesMax = 32

/** What came of a command that was decided on these books, as they stand. */
export function acceptedNow(ledger: Ledger, event: AcceptedEvent, before: Before): AcceptedOutcome {
  return outcomeOf({ event, before, replayed: false }, (accountId) =>
    balancesNow(ledger, accountId),
  )
}

/** What came of one that the log has, again. */
export function acceptedBefore(event: AcceptedEvent, before: Before): AcceptedOutcome {
  return outcomeOf({ event, before, replayed: true }, (_, balances) => () => balances)
}

type Told = {
  readonly event: AcceptedEvent
  readonly before: Before
  readonly replayed: boolean
}

/** `remember` gives back what tells the balances of an act's account as they were, whenever it is asked. */
function outcomeOf(
  { event, before, replayed }: Told,
  remember: (
    accountId: string,
    balances: readonly BalanceRecord[],
  ) => () => readonly BalanceRecord[],
): AcceptedOutcome {
  const { type, revision, data } = event
  const resource = answerTo(event, before)
  const isWideAct =
    'accountId' in data && 'balances' in data && data.balances.length > keptBalancesMax
  if (!isWideAct) return { kind: 'accepted', event: type, data: resource, revision, replayed }
  const { balances: _, ...rest } = resource
  const balances = remember(data.accountId, data.balances)
  return {
    kind: 'accepted',
    event: type,
    get data() {
      return { ...rest, balances: balances().map(balanceOf) }
    },
    revision,
    replayed,
  }
}

/** The totals are shared with the books, which replace them and never change them. */
function balancesNow({ accounts }: Ledger, accountId: string): () => readonly BalanceRecord[] {
  const account = accounts.get(accountId)
  if (account === undefined) throw new Error(`there is no account ${accountId} to act on`)
  const balances = [...account.balances]
  return () => balanceRecords({ ...account, balances })
}
