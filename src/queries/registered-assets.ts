import { ledgers } from '#projections/ledgers.ts'
import type { LedgerMoment } from '#queries/ledger-moment.ts'
import { getFrom } from '#queries/reading.ts'
import type { Asset } from '#values/assets.ts'

/** The assets of the ledger by name, in code unit order; only the first `count` registered, where given. Wants the model `ledgers`. */
export async function registeredAssets(
  { view, ledgerId }: LedgerMoment,
  count?: number,
): Promise<readonly Asset[]> {
  const ledger = await getFrom(view, ledgers, ledgerId)
  const assets = (ledger?.document.assets ?? []).map(({ asset }) => asset)
  return assets.slice(0, count).toSorted()
}

export async function isRegistered(moment: LedgerMoment, asset: Asset): Promise<boolean> {
  return (await registeredAssets(moment)).includes(asset)
}
