import process from 'node:process'
import { endingSignals } from '#cli/ending-signals.ts'
import { projectionNamed } from '#cli/projection-names.ts'
import { asOnlyBuilder, buildBeside } from '#cli/rebuild/build-beside.ts'
import { type Checked, checkAgainst } from '#cli/rebuild/check.ts'
import { openBuilding } from '#cli/rebuild/parts.ts'
import { isEqual, printRebuilt, type Rebuilt } from '#cli/rebuild/report.ts'
import {
  type Arguments,
  type Shell,
  type Subcommand,
  ToolFailed,
  WrongUsage,
} from '#cli/subcommand.ts'
import { requireLog } from '#cli/existing-log.ts'
import { makeCheckFolder, removeLeftCheckFolders } from '#compose/check-folder.ts'
import { allProjections } from '#projections/all-projections.ts'
import type { Projection } from '#projections/projection.ts'

/** Makes read models anew beside the live ones, or proves that these are what the log makes. */
export const rebuild: Subcommand = {
  name: 'rebuild',
  summary: 'build read models anew from the log beside the live ones, and switch',
  positionals: ['[NAME…]'],
  options: {
    all: { help: 'every read model' },
    check: { help: 'change nothing: build into a temporary file and compare with the live model' },
    'drop-retired': {
      help: 'drop the builds that served until now, rather than at the next rebuild',
    },
    json: { help: 'print one JSON object instead of lines' },
  },
  notes: [
    'A server may be running: its read models answer all along. The new build is compared with the live one document by document, each at the same revision; then it takes its place at once. What it replaces stays until the next rebuild. Killed at any moment, the live model is as it was, and what was built is dropped: at once, or after kill -9 by the next rebuild or, in half an hour, by a server. One process builds at a time: others wait for it up to 8 seconds, and are refused then. What a killed --check left in the data folder is removed by the next rebuild that finds no other check running.',
    '--check compares all documents, the fields they are found by, and where each ledger of the log stands: how far, and whether it is parked. What is behind is looked at again for five seconds. Where that read model moves on meanwhile, it is only told; where nothing does, since no server runs or its projector is stuck, it differs. On SQLite the file of the read models is read as a whole, too: for damage, for tables and indexes that are missing or others than the program makes, and for what is none of its own, such as a trigger. On MongoDB, which looks after its own files, the indexes are compared in the same way.',
    'A ledger that the log itself parks is parked in the new build, too: that is told, and is no difference.',
    'Exit code 0: done; with --check: equal. 1: it failed, or one of them could not take the place of what serves, which says why, and goes on serving; with --check: some document differs, some ledger stands elsewhere than the log says or cannot be read, the file is damaged, a table or an index is not as the program makes it, or of some read model nothing serves, so that it was not compared.',
  ],
  logsTo: 2,

  async run(shell) {
    const { flags } = shell.arguments
    const projections = projectionsOf(shell.arguments)
    if (flags.has('check') && flags.has('drop-retired'))
      throw new WrongUsage('--check drops nothing: leave --drop-retired out.')
    requireLog(shell.config)
    const stop = stopSignal()
    if (flags.has('check')) return check(shell, projections, stop)
    const rebuilt = await rebuiltBeside(shell, projections, stop)
    printRebuilt(rebuilt, { asJson: flags.has('json') })
    return rebuilt.every(({ serves }) => serves) ? 0 : 1
  },
}

/** @throws {ToolFailed} where something could not be compared. */
async function check(
  shell: Shell,
  projections: readonly Projection[],
  stop: AbortSignal,
): Promise<number> {
  const { rebuilt, unserved, faults } = await checked(shell, projections, stop)
  printRebuilt(rebuilt, { asJson: shell.arguments.flags.has('json'), faults })
  if (unserved.length > 0)
    throw new ToolFailed(
      `nothing serves of ${unserved.join(', ')}, so there was nothing to compare: the program builds it when it starts.`,
    )
  return faults.length === 0 && rebuilt.every(isEqual) ? 0 : 1
}

function projectionsOf({ flags, positionals }: Arguments): readonly Projection[] {
  if (flags.has('all') && positionals.length > 0)
    throw new WrongUsage('--all is every read model: name none beside it.')
  if (flags.has('all')) return allProjections
  if (positionals.length === 0) throw new WrongUsage('name a read model, or give --all.')
  return [...new Set(positionals)].map(projectionNamed)
}

/** Aborted by the signals that end a program, so that nothing temporary stays behind. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const signal of endingSignals)
    process.once(signal, () => stop.abort(new ToolFailed(`ended by ${signal}.`)))
  return stop.signal
}

async function rebuiltBeside(
  shell: Shell,
  projections: readonly Projection[],
  signal: AbortSignal,
): Promise<readonly Rebuilt[]> {
  await removeLeftCheckFolders(shell.config)
  await using building = await openBuilding(shell, { target: shell.config, areToServe: true })
  const dropRetired = shell.arguments.flags.has('drop-retired')
  let rebuilt: readonly Rebuilt[] = []
  await asOnlyBuilder(building, signal, async (held) => {
    rebuilt = await buildBeside(building, projections, { signal: held, dropRetired })
  })
  return rebuilt
}

async function checked(
  shell: Shell,
  projections: readonly Projection[],
  signal: AbortSignal,
): Promise<Checked> {
  const { config } = shell
  await using folder = await makeCheckFolder(config)
  const target = { ...config, readModels: { engine: 'sqlite' as const, folder: folder.path } }
  await using building = await openBuilding(shell, { target, areToServe: false })
  return await checkAgainst({ config, building, projections, signal })
}
