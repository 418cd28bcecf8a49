import { ledgers } from '#projections/ledgers.ts'
import type { LedgerMoment } from '#queries/ledger-moment.ts'
import { getFrom } from '#queries/reading.ts'
import type { Asset } from '#values/assets.ts'

/** The assets of the ledger by name, in code unit order. Wants the model `ledgers`. */
export async function registeredAssets({
  view,
  ledgerId,
}: LedgerMoment): Promise<readonly Asset[]> {
  const ledger = await getFrom(view, ledgers, ledgerId)
  return (ledger?.document.assets ?? []).map(({ asset }) => asset).toSorted()
}

export async function isRegistered(moment: LedgerMoment, asset: Asset): Promise<boolean> {
  return (await registeredAssets(moment)).includes(asset)
}
