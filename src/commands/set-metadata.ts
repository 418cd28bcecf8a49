import { z } from 'zod'
import { actOn, withOpenAccount } from '#commands/account-act.ts'
import type { Command } from '#commands/command.ts'
import { accountId, metadataChange } from '#commands/schemas.ts'
import { accept, reject } from '#values/decision.ts'
import { changeMetadata, fitsMetadata } from '#values/metadata.ts'

const schema = z.strictObject({ accountId, metadata: metadataChange })

/** Changes the keys given of an account's metadata; `null` removes one. */
export const setMetadata: Command<z.infer<typeof schema>> = {
  name: 'SetMetadata',
  schema,
  pathIds: ['accountId'],
  decide: (ledger, input) =>
    withOpenAccount(ledger, input.accountId, (account) => {
      const after = changeMetadata(account.metadata, input.metadata)
      if (!fitsMetadata(after))
        return reject('metadata-too-large', 'the metadata would exceed 64 keys or 16 KiB', {
          account: account.accountId,
        })
      return accept({
        type: 'MetadataSet',
        data: { ...actOn(account), after, before: account.metadata },
      })
    }),
}
