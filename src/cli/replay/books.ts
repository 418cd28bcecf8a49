import type { RecordedEvent } from '#events/envelope.ts'
import { accounts } from '#projections/accounts.ts'
import type {
  AccountDocument,
  HoldDocument,
  LedgerDocument,
  TrialBalanceDocument,
} from '#projections/documents.ts'
import { holds } from '#projections/holds.ts'
import { ledgers } from '#projections/ledgers.ts'
import {
  type AccountResource,
  accountResource,
  type HoldResource,
  holdResource,
  ledgerResource,
  type TrialBalanceRow,
  trialBalanceRow,
} from '#projections/resources.ts'
import type { Projection } from '#projections/projection.ts'
import { trialBalances } from '#projections/trial-balances.ts'
import type { Asset } from '#values/assets.ts'
import type { AccountId, LedgerId } from '#values/ids.ts'
import type { JsonObject } from '#values/json.ts'
import type { Timestamp } from '#values/timestamps.ts'

/** The books of one ledger at one revision; amounts in the smallest unit, accounts in order of their ids. */
export type BooksShown = {
  readonly revision: string
  readonly recordedAt: Timestamp
  readonly ledger: LedgerDocument
  readonly accounts: readonly AccountResource[]
  readonly openHolds: readonly HoldResource[]
  /** Absent where only some accounts are shown. */
  readonly trialBalance?: readonly {
    readonly asset: Asset
    readonly totalDebits: string
    readonly totalCredits: string
    readonly accounts: readonly TrialBalanceRow[]
  }[]
}

/** Folds one ledger's events, in order, into what `daybook replay` shows. */
export class Books {
  readonly #ledgerId: LedgerId
  readonly #ledgers = new Map<string, LedgerDocument>()
  readonly #accounts = new Map<string, AccountDocument>()
  readonly #holds = new Map<string, HoldDocument>()
  readonly #trialBalances = new Map<string, TrialBalanceDocument>()
  #last: { readonly revision: bigint; readonly recordedAt: Timestamp } | undefined

  constructor(ledgerId: LedgerId) {
    this.#ledgerId = ledgerId
  }

  apply(event: RecordedEvent): void {
    fold(ledgers, this.#ledgers, event)
    fold(accounts, this.#accounts, event)
    fold(trialBalances, this.#trialBalances, event)
    for (const holdId of fold(holds, this.#holds, event))
      if (this.#holds.get(holdId)?.status !== 'open') this.#holds.delete(holdId)
    this.#last = event
  }

  /** With an account, only it and those below it. */
  asOfNow(account?: AccountId): BooksShown {
    const ledger = this.#ledgers.get(this.#ledgerId)
    if (ledger === undefined || this.#last === undefined)
      throw new Error(`no event of ${this.#ledgerId} was applied`)
    const isShown = (id: AccountId) =>
      account === undefined || id === account || id.startsWith(`${account}:`)
    const { revision, recordedAt } = this.#last
    return {
      revision: revision.toString(),
      recordedAt,
      ledger: ledgerResource(ledger),
      accounts: [...this.#accounts.values()]
        .filter(({ accountId }) => isShown(accountId))
        .toSorted((a, b) => byText(a.accountId, b.accountId))
        .map(accountResource),
      openHolds: [...this.#holds.values()]
        .filter(({ postings }) => postings.some((it) => isShown(it.debit) || isShown(it.credit)))
        .map(holdResource),
      ...(account === undefined && { trialBalance: this.#trialBalance() }),
    }
  }

  #trialBalance() {
    const documents = [...this.#trialBalances.values()]
    const rows = Map.groupBy(
      documents.flatMap((document) => (document.kind === 'account' ? [document] : [])),
      ({ asset }) => asset,
    )
    return documents
      .flatMap((document) => (document.kind === 'asset' ? [document] : []))
      .toSorted((a, b) => byText(a.asset, b.asset))
      .map(({ asset, totalDebits, totalCredits }) => ({
        asset,
        totalDebits,
        totalCredits,
        accounts: (rows.get(asset) ?? [])
          .toSorted((a, b) => byText(a.accountId, b.accountId))
          .map(trialBalanceRow),
      }))
  }
}

/** Answers the ids of the documents that changed. */
function fold<Document extends JsonObject>(
  projection: Projection<Document>,
  documents: Map<string, Document>,
  event: RecordedEvent,
): readonly string[] {
  const ids = projection.keysOf(event)
  for (const id of ids) documents.set(id, projection.evolve(documents.get(id), event, id))
  return ids
}

function byText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
