import { z } from 'zod'
import type { Command } from '#commands/command.ts'
import { asset, ledgerId, metadata, name } from '#commands/schemas.ts'
import { accept } from '#values/decision.ts'

const assetsMax = 100

const schema = z.strictObject({
  ledgerId,
  name,
  assets: z
    .array(z.strictObject({ asset, name: name.exactOptional() }))
    .max(assetsMax, `at most ${assetsMax} assets`)
    .refine((assets) => new Set(assets.map((item) => item.asset)).size === assets.length, {
      error: 'every asset once',
    }),
  metadata: metadata.optional(),
})

/** Opens a ledger. That it does not exist yet is the writer's to see: the log is where a ledger exists. */
export const openLedger: Command<z.infer<typeof schema>> = {
  name: 'OpenLedger',
  schema,
  pathIds: [],
  decide: (_ledger, input) =>
    accept({
      type: 'LedgerOpened',
      data: { assets: input.assets, metadata: input.metadata ?? {}, name: input.name },
    }),
}
