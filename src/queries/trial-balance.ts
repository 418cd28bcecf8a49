import { z } from 'zod'
import { commands } from '#projections/commands.ts'
import { entries } from '#projections/entries.ts'
import { ledgers } from '#projections/ledgers.ts'
import { trialBalances } from '#projections/trial-balances.ts'
import { type AsOf, asOf } from '#queries/clocks.ts'
import { inLedger, type LedgerMoment } from '#queries/ledger-moment.ts'
import {
  anAsset,
  clocks,
  aLedgerId,
  oneRecordClock,
  oneRecordClockRule,
} from '#queries/parameters.ts'
import type { Answer, Query, QueryRefusal } from '#queries/query.ts'
import { assetUnknown, invalidCursor, projectionBehind } from '#queries/refusals.ts'
import { registeredAssets } from '#queries/registered-assets.ts'
import { cursorAfter, placeOfCursor, type SheetPlace } from '#queries/trial-balance-cursor.ts'
import {
  type AssetSheet,
  knownTotals,
  latestTotals,
  readSheet,
} from '#queries/trial-balance-sheets.ts'
import type { Asset } from '#values/assets.ts'

const parameters = z
  .strictObject({ ledgerId: aLedgerId, asset: anAsset.optional(), ...clocks })
  .refine(oneRecordClock, oneRecordClockRule)

type Asked = z.infer<typeof parameters>

/**
 * What is posted on every account, by (asset, accountId), beside whole totals per asset; by either clock, both or
 * neither. All pages show the moment of the first one, whose revision and totals the cursor carries.
 */
export const trialBalance: Query<Asked> = {
  name: 'trialBalance',
  models: [ledgers, entries, trialBalances, commands],
  parameters,
  paging: { limitDefault: 1_000, limitMax: 10_000 },
  answer: inLedger(async (moment, asked) => {
    const { after } = moment.page
    const place = after === undefined ? await begin(moment, asked) : placeOfCursor(after)
    if (place === undefined) return invalidCursor
    if ('kind' in place) return place
    const { revision } = place
    if (revision > moment.revision) return projectionBehind(revision, moment.revision)
    const { effectiveAt } = asked
    const when = { revision, ...(effectiveAt !== undefined && { effectiveAt }) }
    const assets =
      'assets' in place ? place.assets : await countedAssets(moment, { ...asked, ...place }, when)
    return answerFrom(moment, { ...place, assets }, when)
  }),
}

/**
 * The first page: all assets asked for, with the totals that are to be had at once. What every transaction changes is
 * read first: soon it may be beyond the view.
 */
async function begin(moment: LedgerMoment, asked: Asked): Promise<SheetPlace | QueryRefusal> {
  const registered = await registeredAssets(moment)
  const wanted = asked.asset === undefined ? registered : [asked.asset]
  const latest = await latestTotals(moment.view, wanted)
  const when = await asOf(moment, asked)
  if ('kind' in when) return when
  if (asked.asset !== undefined && !registered.includes(asked.asset))
    return assetUnknown(asked.asset)
  const assets = wanted.map((asset) => {
    const totals = knownTotals(latest.get(asset), when)
    return totals === undefined ? { asset } : { asset, totals }
  })
  return { revision: when.revision, assets }
}

/** The assets of a later page whose cursor had no room for their totals. */
async function countedAssets(
  moment: LedgerMoment,
  { asset: only, assetCount }: { readonly asset?: Asset | undefined; readonly assetCount: number },
  when: AsOf,
): Promise<SheetPlace['assets']> {
  const { view } = moment
  const wanted = only === undefined ? await registeredAssets(moment, assetCount) : [only]
  const latest = await latestTotals(view, wanted)
  const assets: SheetPlace['assets'][number][] = []
  for (const asset of wanted) {
    const totals = knownTotals(latest.get(asset), when)
    assets.push({ asset, totals: totals ?? (await readSheet(view, { asset, room: 0 }, when)) })
  }
  return assets
}

async function answerFrom(moment: LedgerMoment, place: SheetPlace, when: AsOf): Promise<Answer> {
  const { view, ledgerId, page } = moment
  const { after } = place
  const read: AssetSheet[] = []
  let room = page.limit + 1
  for (const known of place.assets) {
    const passed = after !== undefined && known.asset < after.asset
    const from = known.asset === after?.asset ? { after: after.accountId } : {}
    const sheet = await readSheet(view, { ...known, ...from, room: passed ? 0 : room }, when)
    room -= sheet.accounts.length
    read.push(sheet)
  }
  const assets = cutTo(page.limit, read)
  const next = room === 0 ? cursorAfter(place.revision, assets) : null
  return { kind: 'page', data: { ledgerId, assets }, next }
}

/** One account more than a page shows was read, to see whether another page follows. */
function cutTo(limit: number, sheets: readonly AssetSheet[]): readonly AssetSheet[] {
  let room = limit
  return sheets.map((sheet) => {
    const accounts = sheet.accounts.slice(0, room)
    room -= accounts.length
    return {
      asset: sheet.asset,
      totalDebits: sheet.totalDebits,
      totalCredits: sheet.totalCredits,
      accounts,
    }
  })
}
