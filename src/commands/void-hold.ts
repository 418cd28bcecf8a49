import { z } from 'zod'
import type { Command } from '#commands/command.ts'
import { actOnHold, withOpenHold } from '#commands/hold-act.ts'
import { reason, revisionId } from '#commands/schemas.ts'
import { remaining } from '#ledger/ledger.ts'
import { moved, releasedChanges } from '#ledger/movements.ts'
import { accept } from '#values/decision.ts'

const schema = z.strictObject({ holdId: revisionId, reason })

/** Gives back all that remains of a hold. Never refused by limits. */
export const voidHold: Command<z.infer<typeof schema>> = {
  name: 'VoidHold',
  schema,
  pathIds: ['holdId'],
  decide: (ledger, input, { now }) =>
    withOpenHold(ledger, { holdId: input.holdId, now }, (hold) =>
      accept({
        type: 'HoldVoided',
        data: {
          ...actOnHold(hold, moved(ledger, releasedChanges(hold))),
          reason: input.reason,
          released: hold.postings.map((posting) => remaining(posting).toString()),
        },
      }),
    ),
}
