import { z } from 'zod'
import type { Command } from '#commands/command.ts'
import { asset, name } from '#commands/schemas.ts'
import { accept, reject } from '#values/decision.ts'

/** Every act on an account carries its balance in each of them: so many fit into an append with the longest of names. */
const assetsMax = 900

const schema = z.strictObject({ asset, name: name.exactOptional() })

/** Lets a ledger keep one more asset. */
export const registerAsset: Command<z.infer<typeof schema>> = {
  name: 'RegisterAsset',
  schema,
  pathIds: [],
  decide(ledger, input) {
    if (ledger.assets.has(input.asset))
      return reject('asset-exists', `asset ${input.asset} is registered already`, {
        asset: input.asset,
      })
    if (ledger.assets.size >= assetsMax)
      return reject('too-many-assets', `a ledger keeps at most ${assetsMax} assets`, { assetsMax })
    return accept({
      type: 'AssetRegistered',
      data: { ...input, previous: ledger.head.lastAct.toString() },
    })
  },
}
