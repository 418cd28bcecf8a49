import { z } from 'zod'
import type { Command } from '#commands/command.ts'
import { actOnHold, withOpenHold } from '#commands/hold-act.ts'
import { revisionId, timestamp } from '#commands/schemas.ts'
import { expiresAfterNow } from '#ledger/guards.ts'
import { moved } from '#ledger/movements.ts'
import { accept } from '#values/decision.ts'

const schema = z.strictObject({ holdId: revisionId, expiresAt: timestamp })

/** Moves a hold's expiry, later or earlier, but not to the past. */
export const extendHold: Command<z.infer<typeof schema>> = {
  name: 'ExtendHold',
  schema,
  pathIds: ['holdId'],
  decide: (ledger, input, { now }) =>
    withOpenHold(ledger, { holdId: input.holdId, now }, (hold) => {
      const unmoved = hold.postings.map((posting) => ({ posting, posted: 0n, pending: 0n }))
      return (
        expiresAfterNow(input.expiresAt, now) ??
        accept({
          type: 'HoldExtended',
          data: {
            after: input.expiresAt,
            ...actOnHold(hold, moved(ledger, unmoved)),
            ...(hold.expiresAt !== undefined && { before: hold.expiresAt }),
          },
        })
      )
    }),
}
