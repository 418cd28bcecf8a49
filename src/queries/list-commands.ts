import { z } from 'zod'
import type { Condition } from '#ports/read-models.ts'
import { commands, typesByOutcome } from '#projections/commands.ts'
import type { CommandDocument } from '#projections/documents.ts'
import { commandResource } from '#projections/resources.ts'
import { equal } from '#queries/equality.ts'
import { inLedger, type LedgerMoment } from '#queries/ledger-moment.ts'
import { list, listPaging } from '#queries/listing.ts'
import { aLedgerId, printableText, type Span, span } from '#queries/parameters.ts'
import type { Query } from '#queries/query.ts'
import { firstRecordedFrom } from '#queries/recording-times.ts'

const parameters = z.strictObject({
  ledgerId: aLedgerId,
  outcome: z.enum(['accepted', 'rejected']).optional(),
  actor: printableText.optional(),
  idempotencyKey: printableText.optional(),
  correlationId: printableText.optional(),
  ...span,
})

type Asked = z.infer<typeof parameters>

/** The journal: who asked what, when, and what came of it, newest first. `from` and `to` are the log's time. */
export const listCommands: Query<Asked> = {
  name: 'listCommands',
  models: [commands],
  parameters,
  paging: listPaging,
  answer: inLedger(async (moment, asked) => {
    const [best, ...others] = mostTellingFirst.filter((field) => asked[field] !== undefined)
    const matches = (command: CommandDocument) =>
      others.every((field) => command[field] === asked[field])
    return list(moment, {
      model: commands,
      where: [
        ...(best === undefined ? [] : conditionsOf(best, asked)),
        ...(await revisionsIn(moment, asked)),
      ],
      orderBy: ['revision'],
      descending: true,
      resource: commandResource,
      ...(others.length > 0 && { accept: matches }),
    })
  }),
}

/** Each has an index. The first one asked for is looked up, the others are checked. */
const mostTellingFirst = ['idempotencyKey', 'correlationId', 'actor', 'outcome'] as const

/** An outcome is found by the types of its events. */
function conditionsOf(field: (typeof mostTellingFirst)[number], asked: Asked): Condition[] {
  const { outcome } = asked
  if (field !== 'outcome' || outcome === undefined) return equal({ [field]: asked[field] })
  return [{ field: 'event', oneOf: typesByOutcome[outcome] }]
}

/** A span of the log's time is a span of revisions. */
async function revisionsIn(moment: LedgerMoment, { from, to }: Span): Promise<Condition[]> {
  if (from === undefined && to === undefined) return []
  const first = from === undefined ? 0n : await firstRecordedFrom(moment, from)
  const end = to === undefined ? moment.revision + 1n : await firstRecordedFrom(moment, to)
  return [{ field: 'revision', from: first.toString(), before: end.toString() }]
}
