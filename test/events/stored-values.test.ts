import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FrozenDirection } from '#events/account-events.ts'
import type { TransactionPosted } from '#events/transaction-events.ts'
import { commandNames } from '#commands/catalogue.ts'
import { rejectionStatuses } from '#ledger/rejections.ts'
import { accountTypes } from '#values/balances.ts'

/** What is stored from a closed set; with a code of the books goes its status. The compiler wants each that there is. */
const known = [
  ...linesOf('AccountFrozen.direction', {
    debits: '',
    credits: '',
    all: '',
  } satisfies Record<FrozenDirection, ''>),
  ...accountTypes.map((type) => `AccountOpened.type ${type}`),
  ...linesOf('TransactionPosted.kind', {
    transaction: '',
    reversal: '',
    reinstatement: '',
  } satisfies Record<TransactionPosted['data']['kind'], ''>),
  ...linesOf('CommandRejected.code', rejectionStatuses),
  ...[...commandNames, 'ExecuteBatch'].map((name) => `CommandRejected.command ${name}`),
]

/** One a line. The list is only ever added to. */
const pinned = readFileSync(join(import.meta.dirname, 'stored-values.txt'), 'utf8')
  .trimEnd()
  .split('\n')

describe('the values that are stored from a closed set', () => {
  it('are still all that they ever were', () => {
    expect(
      pinned.filter((value) => !known.includes(value)),
      'These values stand in stored events, and the program does not know them any more. They are only ever added to',
    ).toEqual([])
  })

  it('are all pinned', () => {
    expect(
      known.filter((value) => !pinned.includes(value)),
      'These values are new. Add their lines to test/events/stored-values.txt',
    ).toEqual([])
  })
})

function linesOf(member: string, values: Readonly<Record<string, string | number>>) {
  return Object.entries(values).map(([value, more]) => `${member} ${value} ${more}`.trimEnd())
}
