import type { Asset } from '#values/assets.ts'
import type { RevisionId } from '#values/ids.ts'
import type { Metadata } from '#values/metadata.ts'

/** An asset as registered in a ledger. */
export type RegisteredAsset = { readonly asset: Asset; readonly name?: string }

/** The first event of every ledger, at revision 0. */
export type LedgerOpened = {
  readonly type: 'LedgerOpened'
  readonly data: {
    readonly name: string
    readonly assets: readonly RegisteredAsset[]
    readonly metadata: Metadata
  }
}

/** What a ledger says of itself: its name or its metadata, whichever was changed. */
export type LedgerFields = { readonly name: string } | { readonly metadata: Metadata }

/** `previous` is the revision of the last event that described this ledger: a chain back to LedgerOpened. */
export type LedgerChanged = {
  readonly type: 'LedgerChanged'
  readonly data: {
    readonly before: LedgerFields
    readonly after: LedgerFields
    readonly previous: RevisionId
  }
}

export type AssetRegistered = {
  readonly type: 'AssetRegistered'
  readonly data: RegisteredAsset & { readonly previous: RevisionId }
}
