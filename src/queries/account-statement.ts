import { z } from 'zod'
import type { PostingEntry } from '#projections/documents.ts'
import { entries } from '#projections/entries.ts'
import { ledgers } from '#projections/ledgers.ts'
import { trialBalances } from '#projections/trial-balances.ts'
import { entryResource } from '#projections/resources.ts'
import { afterAllTimes, postingsInOrder, wasOpened } from '#queries/account-history.ts'
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
    const place = begun ?? (await firstPlace(moment, asked, revision))
    return place === 'behind'
      ? projectionBehind(revision, moment.revision)
      : statementPage(moment, asked, place)
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

async function firstPlace(
  moment: LedgerMoment,
  asked: Asked,
  revision: bigint,
): Promise<Place | 'behind'> {
  const { from } = asked
  const opening =
    from === undefined ? 0n : await balanceBefore(moment, { ...asked, revision }, from)
  return opening === 'behind' ? opening : { revision, opening }
}

/** What was posted before a business time. */
async function balanceBefore(
  { view }: LedgerMoment,
  { accountId, asset, revision }: Pick<Asked, 'accountId' | 'asset'> & { revision: bigint },
  before: string,
): Promise<bigint | 'behind'> {
  const totals = await postedTotals(view, { accountId, asset, revision, before })
  if (totals === undefined) return 0n
  if (totals === 'behind') return totals
  const { type, debits, credits } = totals
  return posted(type, { ...noTotals, postedDebits: debits, postedCredits: credits })
}

/** The last page also says what has no line, since it was skipped in `entries`: that shows in the closing balance. */
async function statementPage(moment: LedgerMoment, asked: Asked, place: Place): Promise<Answer> {
  const { revision, opening } = place
  const { lines, more } = await readLines(moment, asked, place)
  const { shown, balance, debits, credits } = runThrough(lines, opening)
  const isLast = !more && !isEmptySpan(asked)
  const before = asked.to ?? afterAllTimes
  const closing = isLast ? await balanceBefore(moment, { ...asked, revision }, before) : balance
  if (closing === 'behind') return projectionBehind(revision, moment.revision)
  const data = {
    accountId: asked.accountId,
    asset: asked.asset,
    ...givenSpan(asked),
    opening: opening.toString(),
    lines: shown,
    totalDebits: debits.toString(),
    totalCredits: credits.toString(),
    ...(closing !== balance && { lacking: (closing - balance).toString() }),
    closing: closing.toString(),
  }
  const last = lines.at(-1)
  const cursor = last && [revision.toString(), data.closing, ...keyOf(last, lineOrder)]
  return { kind: 'page', data, next: more && cursor !== undefined ? cursor : null }
}

/** The lines with their running balance, and what they add up to. */
function runThrough(lines: Lines['lines'], opening: bigint) {
  let [balance, debits, credits] = [opening, 0n, 0n]
  const shown = lines.map(({ document: line }) => {
    const amount = BigInt(line.amount)
    if (line.side === 'debit') debits += amount
    else credits += amount
    balance += isDebitNormal(line.type) === (line.side === 'debit') ? amount : -amount
    return { ...entryResource(line), balance: balance.toString() }
  })
  return { shown, balance, debits, credits }
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

/** Nothing is in it, so it closes with what it opens with. */
function isEmptySpan({ from, to }: Span): boolean {
  return from !== undefined && to !== undefined && to <= from
}

function givenSpan({ from, to }: Span): Span {
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
}
