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
    const filters = filterFields.filter((field) => asked[field] !== undefined)
    const matches = (command: CommandDocument) =>
      filters.every((field) => command[field] === asked[field])
    const revisions = await revisionsIn(moment, asked)
    const [where = revisions, ...orWhere] = searchedBy(filters, asked).map((field) => [
      ...conditionsOf(field, asked),
      ...revisions,
    ])
    return list(moment, {
      model: commands,
      where,
      orWhere,
      orderBy: ['revision'],
      descending: true,
      resource: commandResource,
      ...(filters.length > 1 && { accept: matches }),
    })
  }),
}

const filterFields = ['idempotencyKey', 'correlationId', 'actor', 'outcome'] as const
type FilterField = (typeof filterFields)[number]

/** Each has an index, but nearly all commands are accepted. */
function searchedBy(filters: readonly FilterField[], { outcome }: Asked): readonly FilterField[] {
  if (filters.length < 2 || outcome !== 'accepted') return filters
  return filters.filter((field) => field !== 'outcome')
}

/** An outcome is found by the types of its events. */
function conditionsOf(field: FilterField, asked: Asked): Condition[] {
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
