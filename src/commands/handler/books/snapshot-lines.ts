import type { RegisteredAsset } from '#events/ledger-events.ts'
import type { Account, HeldPosting, Hold, Ledger, LedgerHead } from '#ledger/ledger.ts'
import { canonicalJson } from '#values/canonical-json.ts'

/**
 * The form of a snapshot's lines. Raise it with every change of the form, and with every change of `evolve` that makes
 * other books of the same log: snapshots of another version are made anew.
 */
export const snapshotVersion = 1

/** The first line: which ledger, up to which event of which log, and how many lines follow. */
export type SnapshotHeader = {
  readonly format: 'daybook-books'
  readonly version: typeof snapshotVersion
  readonly ledgerId: string
  readonly revision: string
  readonly eventId: string
  readonly assets: number
  readonly accounts: number
  readonly openHolds: number
  readonly head: Omit<LedgerHead, 'revision' | 'lastAct'> & { readonly lastAct: string }
}

type AccountLine = Omit<Account, 'limits' | 'lastAct' | 'balances'> & {
  readonly min: string | null
  readonly max: string | null
  readonly lastAct: string
  /** Asset, posted debits and credits, pending debits and credits. */
  readonly balances: readonly (readonly [string, string, string, string, string])[]
}

type HoldLine = Omit<Hold, 'postings' | 'lastAct'> & {
  readonly lastAct: string
  readonly postings: readonly (Omit<HeldPosting, 'amount' | 'captured'> & {
    readonly amount: string
    readonly captured: string
  })[]
}

/**
 * The books as lines of JSON, but for what is remembered elsewhere: the header, then assets, accounts and open holds.
 * In canonical form: the same log makes the same bytes, however its books came to be.
 */
export function* snapshotLines(ledger: Ledger, eventId: string): Iterable<string> {
  yield canonicalJson(headerOf(ledger, eventId))
  for (const asset of ledger.assets.values()) yield canonicalJson(asset)
  for (const account of ledger.accounts.values()) yield canonicalJson(accountLine(account))
  for (const hold of ledger.openHolds.values()) yield canonicalJson(holdLine(hold))
}

/** @throws {Error} with the reason, where it is not the first line of a snapshot of this ledger in this form. */
export function parseHeader(line: string, ledgerId: string): SnapshotHeader {
  const header: Partial<Record<keyof SnapshotHeader, unknown>> | null = JSON.parse(line)
  if (header?.format !== 'daybook-books') throw new Error('it is no snapshot')
  if (header.version !== snapshotVersion)
    throw new Error(`it has version ${String(header.version)}, not ${snapshotVersion}`)
  if (header.ledgerId !== ledgerId) throw new Error('it is of another ledger')
  const parsed: SnapshotHeader = JSON.parse(line)
  return parsed
}

/** Puts the head into the books. */
export function restoreHead(ledger: Ledger, { head, revision }: SnapshotHeader): void {
  ledger.head = { ...head, revision: BigInt(revision), lastAct: BigInt(head.lastAct) }
}

/** Puts the line at a place after the header, from 0, into the books. @throws for what is no such line. */
export function restoreLine(ledger: Ledger, header: SnapshotHeader, [at, line]: [number, string]) {
  if (at < header.assets) {
    const asset: RegisteredAsset = JSON.parse(line)
    ledger.assets.set(asset.asset, asset)
  } else if (at < header.assets + header.accounts) {
    const account = accountOf(JSON.parse(line))
    ledger.accounts.set(account.accountId, account)
  } else {
    const hold = holdOf(JSON.parse(line))
    ledger.openHolds.set(hold.holdId, hold)
  }
}

function headerOf(ledger: Ledger, eventId: string): SnapshotHeader {
  const { revision, lastAct, ...head } = ledger.head
  return {
    format: 'daybook-books',
    version: snapshotVersion,
    ledgerId: ledger.ledgerId,
    revision: revision.toString(),
    eventId,
    assets: ledger.assets.size,
    accounts: ledger.accounts.size,
    openHolds: ledger.openHolds.size,
    head: { ...head, lastAct: lastAct.toString() },
  }
}

function accountLine(account: Account): AccountLine {
  const { limits, lastAct, balances, ...rest } = account
  return {
    ...rest,
    min: limits.min?.toString() ?? null,
    max: limits.max?.toString() ?? null,
    lastAct: lastAct.toString(),
    balances: [...balances].map(([asset, totals]) => [
      asset,
      totals.postedDebits.toString(),
      totals.postedCredits.toString(),
      totals.pendingDebits.toString(),
      totals.pendingCredits.toString(),
    ]),
  }
}

// Most accounts have neither, and there may be a million of them.
const noLimits = { min: null, max: null }
const noMetadata = {}

function accountOf(line: AccountLine): Account {
  const { min: _, max: __, lastAct, balances, metadata, ...rest } = line
  return {
    ...rest,
    limits: limitsOf(line),
    metadata: Object.keys(metadata).length === 0 ? noMetadata : metadata,
    lastAct: BigInt(lastAct),
    balances: new Map(
      balances.map(([asset, postedDebits, postedCredits, pendingDebits, pendingCredits]) => [
        asset,
        {
          postedDebits: BigInt(postedDebits),
          postedCredits: BigInt(postedCredits),
          pendingDebits: BigInt(pendingDebits),
          pendingCredits: BigInt(pendingCredits),
        },
      ]),
    ),
  }
}

function limitsOf({ min, max }: AccountLine): Account['limits'] {
  if (min === null && max === null) return noLimits
  return { min: min === null ? null : BigInt(min), max: max === null ? null : BigInt(max) }
}

function holdLine({ postings, lastAct, ...rest }: Hold): HoldLine {
  return {
    ...rest,
    lastAct: lastAct.toString(),
    postings: postings.map(({ amount, captured, ...posting }) => ({
      ...posting,
      amount: amount.toString(),
      captured: captured.toString(),
    })),
  }
}

function holdOf({ postings, lastAct, ...rest }: HoldLine): Hold {
  return {
    ...rest,
    lastAct: BigInt(lastAct),
    postings: postings.map(({ amount, captured, ...posting }) => ({
      ...posting,
      amount: BigInt(amount),
      captured: BigInt(captured),
    })),
  }
}
