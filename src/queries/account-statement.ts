import { z } from 'zod'
import type { PostingEntry } from '#projections/documents.ts'
import { entries } from '#projections/entries.ts'
import { ledgers } from '#projections/ledgers.ts'
import { trialBalances } from '#projections/trial-balances.ts'
import { entryResource } from '#projections/resources.ts'
import { postingsInOrder, wasOpened } from '#queries/account-history.ts'
import { inLedger, type LedgerMoment } from '#queries/ledger-moment.ts'
import { anAccountId, anAsset, aLedgerId, type Span, span } from '#queries/parameters.ts'
import { postedTotals } from '#queries/posted-totals.ts'
import type { Answer, Query } from '#queries/query.ts'
import { keyOf, pages, scanPageSize } from '#queries/reading.ts'
import {
  accountNotFound,
  assetUnknown,
  invalidCursor,
  projectionBehind,
} from '#queries/refusals.ts'
import { isRegistered } from '#queries/registered-assets.ts'
import { isDebitNormal, noTotals, posted } from '#values/balances.ts'

const linesMax = 10_000

const parameters = z.strictObject({
  ledgerId: aLedgerId,
  accountId: anAccountId,
  asset: anAsset,
  ...span,
})

type Asked = z.infer<typeof parameters>

/**
 * What was posted to an account in one asset, in the order of business time, between its opening and its closing
 * balance. Every page is a statement of its own that opens with what the one before it closed with. The cursor carries
 * the first page's revision: later pages show the same statement, whatever was posted since.
 */
export const accountStatement: Query<Asked> = {
  name: 'accountStatement',
  models: [ledgers, entries],
  alsoReads: [trialBalances],
  parameters,
  paging: { limitDefault: linesMax, limitMax: linesMax },
  answer: inLedger(async (moment, asked) => {
    const { accountId, asset } = asked
    const begun = begunBefore(moment)
    if (begun === 'invalid') return invalidCursor
    const revision = begun?.revision ?? moment.revision
    if (revision > moment.revision) return projectionBehind(revision, moment.revision)
    if (!(await wasOpened(moment.view, { accountId, revision }))) return accountNotFound(accountId)
    if (!(await isRegistered(moment, asset))) return assetUnknown(asset)
    const first = async () => ({ revision, opening: await openingBalance(moment, asked) })
    return statementPage(moment, asked, begun ?? (await first()))
  }),
}

/** Where a page begins: the statement's revision, the balance so far, the last line of the page before. */
type Place = {
  readonly revision: bigint
  readonly opening: bigint
  readonly after?: readonly string[]
}

/** Undefined on the first page. */
function begunBefore({ page }: LedgerMoment): Place | 'invalid' | undefined {
  if (page.after === undefined) return undefined
  const [revision, opening, ...after] = page.after
  if (revision === undefined || opening === undefined || after.length !== 3) return 'invalid'
  return { revision: BigInt(revision), opening: BigInt(opening), after }
}

/** What was posted before the statement's span of time. */
async function openingBalance(
  { view, revision }: LedgerMoment,
  { accountId, asset, from }: Asked,
): Promise<bigint> {
  if (from === undefined) return 0n
  const totals = await postedTotals(view, { accountId, asset, revision, before: from })
  if (totals === undefined) return 0n
  const { type, debits, credits } = totals
  return posted(type, { ...noTotals, postedDebits: debits, postedCredits: credits })
}

async function statementPage(moment: LedgerMoment, asked: Asked, place: Place): Promise<Answer> {
  const { accountId, asset, from, to } = asked
  const { lines, more } = await readLines(moment, asked, place)
  let [balance, debits, credits] = [place.opening, 0n, 0n]
  const shown = lines.map(({ document: line }) => {
    const amount = BigInt(line.amount)
    if (line.side === 'debit') debits += amount
    else credits += amount
    balance += isDebitNormal(line.type) === (line.side === 'debit') ? amount : -amount
    return { ...entryResource(line), balance: balance.toString() }
  })
  const data = {
    accountId,
    asset,
    ...givenSpan({ from, to }),
    opening: place.opening.toString(),
    lines: shown,
    totalDebits: debits.toString(),
    totalCredits: credits.toString(),
    closing: balance.toString(),
  }
  const last = lines.at(-1)
  const cursor = last && [place.revision.toString(), data.closing, ...keyOf(last, lineOrder)]
  return { kind: 'page', data, next: more && cursor !== undefined ? cursor : null }
}

const lineOrder = ['effectiveAt', 'revision']

type Line = { readonly id: string; readonly revision: bigint; readonly document: PostingEntry }
type Lines = { readonly lines: readonly Line[]; readonly more: boolean }

/** The page's lines, and whether others follow. */
async function readLines(
  { view, page: { limit } }: LedgerMoment,
  { accountId, asset, from, to }: Asked,
  { revision, after }: Place,
): Promise<Lines> {
  const bounds = { ...(from !== undefined && { from }), ...(to !== undefined && { before: to }) }
  const find = {
    ...postingsInOrder({ accountId, revision }, asset, bounds),
    ...(after !== undefined && { after }),
    limit: Math.min(limit + 1, scanPageSize),
  }
  const lines: Line[] = []
  for await (const page of pages(view, entries, find)) {
    for (const { document, ...stored } of page) {
      if (document.kind === 'posting') lines.push({ ...stored, document })
    }
    if (lines.length > limit) break
  }
  return { lines: lines.slice(0, limit), more: lines.length > limit }
}

function givenSpan({ from, to }: Span): Span {
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
}
