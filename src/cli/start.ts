import { clockNote, runNode, stopNote } from '#cli/run-node.ts'
import type { Subcommand } from '#cli/subcommand.ts'

/** Runs every role in this process until a signal or a failure ends it. */
export const start: Subcommand = {
  name: 'start',
  summary:
    'run the API, the projector and the sweeper in one process, and the relay where Kafka is set',
  positionals: [],
  options: {},
  notes: [`${stopNote} ${clockNote}`],
  logsTo: 1,
  run: (shell) => runNode(shell),
}
