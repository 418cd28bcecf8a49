import { WeighedMap } from '#commands/handler/books/weighed-map.ts'
import { weightOfAccount, weightOfAsset, weightOfHold } from '#commands/handler/books/weights.ts'
import type { RegisteredAsset } from '#events/ledger-events.ts'
import {
  type Account,
  type EverGrowing,
  type Hold,
  type Ledger,
  unopenedLedger,
} from '#ledger/ledger.ts'
import type { Asset } from '#values/assets.ts'
import type { AccountId, LedgerId, RevisionId } from '#values/ids.ts'

/** Books, and the bytes that the texts of their maps take in memory: known without looking at all of them. */
export type WeighedLedger = { readonly ledger: Ledger; readonly weight: () => number }

/** Books before anything happened; what is ever-growing is weighed elsewhere. */
export function weighedLedger(ledgerId: LedgerId, everGrowing: EverGrowing): WeighedLedger {
  const assets = new WeighedMap<Asset, RegisteredAsset>(weightOfAsset)
  const accounts = new WeighedMap<AccountId, Account>(weightOfAccount, haveSameTexts)
  const openHolds = new WeighedMap<RevisionId, Hold>(weightOfHold)
  const ledger = unopenedLedger(ledgerId, { ...everGrowing, assets, accounts, openHolds })
  return { ledger, weight: () => assets.weight + accounts.weight + openHolds.weight }
}

/** Every posting sets an account anew, with the metadata that it had. */
function haveSameTexts(one: Account, other: Account): boolean {
  return one.metadata === other.metadata
}
