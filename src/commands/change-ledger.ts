import { z } from 'zod'
import type { Command } from '#commands/command.ts'
import { metadataChange, name } from '#commands/schemas.ts'
import { accept, reject } from '#values/decision.ts'
import { changeMetadata, fitsMetadata } from '#values/metadata.ts'

const schema = z
  .strictObject({ name: name.optional(), metadata: metadataChange.optional() })
  .refine((input) => (input.name === undefined) !== (input.metadata === undefined), {
    error: 'either name or metadata',
  })

/** Renames a ledger or changes its metadata. */
export const changeLedger: Command<z.infer<typeof schema>> = {
  name: 'ChangeLedger',
  schema,
  pathIds: [],
  decide({ head }, input) {
    const previous = head.lastAct.toString()
    if (input.name !== undefined)
      return accept({
        type: 'LedgerChanged',
        data: { after: { name: input.name }, before: { name: head.name }, previous },
      })
    const after = changeMetadata(head.metadata, input.metadata ?? {})
    if (!fitsMetadata(after))
      return reject('metadata-too-large', 'the metadata would exceed 64 keys or 16 KiB')
    return accept({
      type: 'LedgerChanged',
      data: { after: { metadata: after }, before: { metadata: head.metadata }, previous },
    })
  },
}
