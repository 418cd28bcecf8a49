import { z } from 'zod'
import type { Command } from '#commands/command.ts'
import { actOnHold, isDue } from '#commands/hold-act.ts'
import { revisionId } from '#commands/schemas.ts'
import { remaining } from '#ledger/ledger.ts'
import { moved, releasedChanges } from '#ledger/movements.ts'
import { accept, nothing } from '#values/decision.ts'

const schema = z.strictObject({ holdId: revisionId })

/** The program's own: gives back what remains of a hold that is due. One that is not due, or not open, is left alone. */
export const expireHold: Command<z.infer<typeof schema>> = {
  name: 'ExpireHold',
  schema,
  pathIds: ['holdId'],
  mayDoNothing: true,
  decide(ledger, { holdId }, { now }) {
    const hold = ledger.openHolds.get(holdId)
    if (hold === undefined || !isDue(hold, now)) return nothing
    return accept({
      type: 'HoldExpired',
      data: {
        ...actOnHold(hold, moved(ledger, releasedChanges(hold))),
        released: hold.postings.map((posting) => remaining(posting).toString()),
      },
    })
  },
}
