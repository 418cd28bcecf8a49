import { describe, expect, it } from 'vitest'
import type { RecordedEvent } from '#events/envelope.ts'
import { accounts } from '#projections/accounts.ts'
import { commands } from '#projections/commands.ts'
import type { Projection } from '#projections/projection.ts'
import { entries } from '#projections/entries.ts'
import { holds } from '#projections/holds.ts'
import { ledgers } from '#projections/ledgers.ts'
import {
  accountResource,
  commandResource,
  entryResource,
  holdResource,
  ledgerResource,
  transactionResource,
  trialBalanceRow,
} from '#projections/resources.ts'
import { transactions } from '#projections/transactions.ts'
import {
  accountOpened,
  commandRejected,
  deposit,
  holdCaptured,
  holdExtended,
  holdPlaced,
  ledgerOpened,
  record,
  recordedAtOf,
  transactionPosted,
} from '#test/support/examples.ts'
import { foldAll } from '#test/support/projection-specification.ts'
import type { JsonObject } from '#values/json.ts'

/** The document of that id after the events. */
function documentOf<Document extends JsonObject>(
  projection: Projection<Document>,
  id: string,
  ...events: readonly RecordedEvent[]
): Document {
  const document = foldAll(projection, events).get(id)
  if (document === undefined) throw new Error(`no document ${id}`)
  return document
}

describe('a resource', () => {
  it('of a ledger has its members in order', () => {
    expect(
      JSON.stringify(ledgerResource(documentOf(ledgers, 'acme', ledgerOpened({ assets: [] })))),
    ).toBe(
      `{"ledgerId":"acme","name":"Acme Payments","assets":[],"metadata":{},"createdAt":"${recordedAtOf(0n)}","revision":"0"}`,
    )
  })

  it('of an account says what its totals mean', () => {
    const alice = record('users:alice', {
      postedDebits: 1000n,
      postedCredits: 2500n,
      pendingDebits: 300n,
      pendingCredits: 40n,
    })
    const document = documentOf(
      accounts,
      'users:alice',
      accountOpened({}, { revision: 1n }),
      transactionPosted({ balances: [alice] }, { revision: 2n }),
    )
    expect(JSON.stringify(accountResource(document))).toBe(
      '{"accountId":"users:alice","type":"liability","status":"open","frozen":"none",' +
        `"limits":{"min":"0","max":null},"metadata":{},"createdAt":"${recordedAtOf(1n)}","balances":[` +
        '{"accountId":"users:alice","asset":"USD/2","postedDebits":"1000","postedCredits":"2500",' +
        '"pendingDebits":"300","pendingCredits":"40","posted":"1500","pending":"1240","available":"1200"}]}',
    )
  })

  it('of a reversed transaction has what came later in its place', () => {
    const document = documentOf(
      transactions,
      '4',
      transactionPosted({ description: 'top-up' }, { revision: 4n }),
      transactionPosted(
        { kind: 'reversal', reverses: '4', postings: [{ ...deposit, source: 0 }] },
        { revision: 5n },
      ),
    )
    expect(Object.keys(transactionResource(document))).toEqual([
      'transactionId',
      'kind',
      'postings',
      'effectiveAt',
      'recordedAt',
      'description',
      'metadata',
      'reversedBy',
      'reversedAmounts',
      'actor',
    ])
  })

  it('of a hold does not show the ledger', () => {
    const events = [
      holdPlaced({}, { revision: 5n }),
      holdExtended({}, { revision: 6n }),
      holdCaptured({}, { revision: 7n }),
    ]
    const resource = holdResource(documentOf(holds, '5', ...events))
    expect(JSON.stringify(resource)).toBe(
      '{"holdId":"5","status":"open","postings":[{"debit":"users:alice","credit":"users:bob","asset":"USD/2",' +
        '"amount":"1000","captured":"400","released":"0","remaining":"600"}],' +
        `"expiresAt":"2026-03-09T12:00:00.000Z","metadata":{},"createdAt":"${recordedAtOf(5n)}","captures":["7"]}`,
    )
  })

  it('of an entry shows the balance after it and no raw totals', () => {
    const document = documentOf(entries, '4/000/0', transactionPosted({}, { revision: 4n }))
    if (document.kind !== 'posting') throw new Error('not a posting')
    expect(JSON.stringify(entryResource(document))).toBe(
      '{"transactionId":"4","revision":"4","posting":0,"side":"debit","accountId":"bank:cash",' +
        '"counterparty":"users:alice","asset":"USD/2","amount":"2500",' +
        `"effectiveAt":"${recordedAtOf(4n)}","recordedAt":"${recordedAtOf(4n)}","balance":"2500"}`,
    )
  })

  it('of a trial balance counts in the direction of the account', () => {
    const run = { runs: 0, postings: '4 2026-03-01T12:00:04.000Z 1000 2500;', count: 1 }
    const sums = { debits: '1000', credits: '2500' }
    const row = { kind: 'account', asset: 'USD/2', ...sums, ...run } as const
    expect(trialBalanceRow({ ...row, accountId: 'users:alice', type: 'liability' })).toEqual({
      accountId: 'users:alice',
      type: 'liability',
      debits: '1000',
      credits: '2500',
      posted: '1500',
    })
    expect(trialBalanceRow({ ...row, accountId: 'bank:cash', type: 'asset' }).posted).toBe('-1500')
  })

  it('of a command does not name the event', () => {
    const document = documentOf(commands, '4', commandRejected({}, { revision: 4n }))
    expect(Object.keys(commandResource(document))).toEqual([
      'revision',
      'command',
      'outcome',
      'code',
      'detail',
      'idempotencyKey',
      'actor',
      'recordedAt',
      'correlationId',
    ])
  })
})
