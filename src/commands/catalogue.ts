import { captureHold } from '#commands/capture-hold.ts'
import { changeAccountLimits } from '#commands/change-account-limits.ts'
import { changeLedger } from '#commands/change-ledger.ts'
import { closeAccount } from '#commands/close-account.ts'
import type { Command } from '#commands/command.ts'
import { expireHold } from '#commands/expire-hold.ts'
import { extendHold } from '#commands/extend-hold.ts'
import { freezeAccount } from '#commands/freeze-account.ts'
import { openAccount } from '#commands/open-account.ts'
import { openLedger } from '#commands/open-ledger.ts'
import { placeHold } from '#commands/place-hold.ts'
import { postTransaction } from '#commands/post-transaction.ts'
import { registerAsset } from '#commands/register-asset.ts'
import { reopenAccount } from '#commands/reopen-account.ts'
import { reverseTransaction } from '#commands/reverse-transaction.ts'
import { setMetadata } from '#commands/set-metadata.ts'
import { unfreezeAccount } from '#commands/unfreeze-account.ts'
import { voidHold } from '#commands/void-hold.ts'

/** Every command there is. Inputs are `unknown` here: `schema` made them what `decide` takes. */
const all: readonly Command<unknown>[] = [
  openLedger,
  changeLedger,
  registerAsset,
  openAccount,
  changeAccountLimits,
  setMetadata,
  freezeAccount,
  unfreezeAccount,
  closeAccount,
  reopenAccount,
  postTransaction,
  reverseTransaction,
  placeHold,
  captureHold,
  voidHold,
  extendHold,
  expireHold,
]

/** Their names are in every request's fingerprint, and in what is recorded of a refused one: for ever. */
export const commandNames: readonly string[] = all.map(({ name }) => name)

const byName = new Map(all.map((command) => [command.name, command]))

export function commandNamed(name: string): Command<unknown> | undefined {
  return byName.get(name)
}
