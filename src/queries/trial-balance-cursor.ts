import type { AssetSheet, SheetTotals } from '#queries/trial-balance-sheets.ts'
import type { Asset } from '#values/assets.ts'
import type { AccountId } from '#values/ids.ts'

/** Where a page of a trial balance begins, and what is known of its assets, which are in order. */
export type SheetPlace = {
  /** -1: before everything. */
  readonly revision: bigint
  readonly after?: { readonly asset: Asset; readonly accountId: AccountId }
  readonly assets: readonly { readonly asset: Asset; readonly totals?: SheetTotals }[]
}

/** What a cursor says: where a page begins, and the assets with their totals or only how many of them there were. */
export type CursorPlace = Pick<SheetPlace, 'revision' | 'after'> &
  (Pick<SheetPlace, 'assets'> | { readonly assetCount: number })

/** A cursor goes into a URL: beyond this, the totals are counted anew for every page. */
const totalsCharactersMax = 2_000

/**
 * The cursor of the page that follows these sheets: revision, last asset and account, then each asset with its totals
 * as long as they are few, otherwise how many assets there were.
 */
export function cursorAfter(revision: bigint, sheets: readonly AssetSheet[]): readonly string[] {
  const last = sheets.findLast(({ accounts }) => accounts.length > 0)
  const accountId = last?.accounts.at(-1)?.accountId ?? ''
  const totals = sheets.flatMap((sheet) => [sheet.asset, sheet.totalDebits, sheet.totalCredits])
  const place = [revision.toString(), last?.asset ?? '', accountId]
  const few = totals.join().length <= totalsCharactersMax
  return few ? [...place, ...totals] : [...place, sheets.length.toString()]
}

/** Reads a cursor back; undefined where it is not one of these. */
export function placeOfCursor(cursor: readonly string[]): CursorPlace | undefined {
  const [revision, lastAsset, accountId, ...rest] = cursor
  if (revision === undefined || lastAsset === undefined || accountId === undefined) return undefined
  const place = { revision: BigInt(revision), after: { asset: lastAsset, accountId } }
  const [count = ''] = rest
  if (rest.length === 1 && /^\d+$/.test(count)) return { ...place, assetCount: Number(count) }
  const assets = assetsIn(rest)
  return assets && { ...place, assets }
}

/** Assets with their totals, three texts each. */
function assetsIn(texts: readonly string[]): SheetPlace['assets'] | undefined {
  const assets = []
  for (let index = 0; index < texts.length; index += 3) {
    const [asset, totalDebits, totalCredits] = texts.slice(index, index + 3)
    if (asset === undefined || totalDebits === undefined || totalCredits === undefined)
      return undefined
    assets.push({ asset, totals: { totalDebits, totalCredits } })
  }
  return assets
}
