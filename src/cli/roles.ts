import { clockNote, runNode, stopNote } from '#cli/run-node.ts'
import type { Subcommand } from '#cli/subcommand.ts'
import type { Role } from '#compose/roles.ts'

const healthNote =
  'Answers /health/live and /health/ready on DAYBOOK_HOST and DAYBOOK_PORT, like every process of Daybook.'

/** The API alone. */
export const api = commandOf(
  'api',
  'serve commands and queries; any number may, on the same ledgers',
  [`DAYBOOK_CURSOR_SECRET has to be the same in all of them. ${clockNote}`],
)

/** The relay alone. */
export const relay = commandOf(
  'relay',
  'copy the log to Kafka; one is active, the others stand by',
  ['GET /v1/relay says which one is active and how far the broker is behind the log.'],
)

/** A projector alone. */
export const projector = commandOf(
  'projector',
  'build the read models; on Kafka as many share the work as there are partitions',
)

/** The sweeper alone. */
export const sweeper = commandOf('sweeper', 'expire due holds; a second one does no harm', [
  clockNote,
])

function commandOf(name: Role, summary: string, notes: readonly string[] = []): Subcommand {
  return {
    name,
    summary,
    positionals: [],
    options: {},
    notes: [...notes, healthNote, stopNote],
    logsTo: 1,
    run: (shell) => runNode(shell, [name]),
  }
}
