import { type Ledger, put } from '#ledger/ledger.ts'
import { type Change, moved } from '#ledger/movements.ts'
import { type BalanceRecord, type Totals, totalsOf } from '#values/balances.ts'

/**
 * Moves the totals and asserts that they end where the event says.
 * @throws {Error} when they do not: the log contradicts itself.
 */
export function applyChanges(
  ledger: Ledger,
  changes: readonly Change[],
  recorded: readonly BalanceRecord[],
): void {
  const movements = moved(ledger, changes)
  if (movements.length !== recorded.length)
    throw new Error('an event leaves out a balance it moved')
  for (const [index, { account, asset, after }] of movements.entries()) {
    const record = recorded[index]
    if (
      record?.accountId !== account.accountId ||
      record.asset !== asset ||
      !equals(after, totalsOf(record))
    )
      throw new Error(`an event misstates the balance of ${account.accountId} in ${asset}`)
    put(ledger, account.balances, [asset, after])
  }
}

function equals(a: Totals, b: Totals): boolean {
  return (
    a.postedDebits === b.postedDebits &&
    a.postedCredits === b.postedCredits &&
    a.pendingDebits === b.pendingDebits &&
    a.pendingCredits === b.pendingCredits
  )
}
