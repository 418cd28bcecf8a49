import process from 'node:process'
import { openExistingLog, openExistingLogAsIs } from '#cli/existing-log.ts'
import { revisionOption } from '#cli/options.ts'
import { printable } from '#cli/printable.ts'
import { projectionNamed } from '#cli/projection-names.ts'
import { damagedIn, listLines } from '#cli/projections/list.ts'
import { whetherBuilding } from '#cli/projections/is-building.ts'
import { standstillInLog } from '#cli/projections/standstill-in-log.ts'
import { actOn } from '#cli/projections/act.ts'
import { type Arguments, type Shell, type Subcommand, WrongUsage } from '#cli/subcommand.ts'
import { requireServing } from '#compose/dependencies.ts'
import { placeInLog } from '#compose/projecting.ts'
import { requireSameLog } from '#compose/same-log.ts'
import { openReadModels } from '#compose/stores.ts'
import { toolClock } from '#compose/tool-clock.ts'
import { allProjections } from '#projections/all-projections.ts'
import { readActLog } from '#projections/runtime/act-log.ts'
import { projectionStatuses } from '#projections/runtime/projection-statuses.ts'
import { isLedgerId } from '#values/ids.ts'
import { nearest } from '#cli/nearest.ts'

const verbs = ['list', 'retry', 'skip'] as const

/** Shows how the read models are, and helps a ledger on that stands still in one. */
export const projections: Subcommand = {
  name: 'projections',
  summary: 'list the read models; retry or skip an event at which a ledger stands still',
  positionals: ['list|retry|skip', '[NAME]', '[LEDGER]'],
  options: {
    revision: { value: 'REVISION', help: 'skip: where the ledger stands' },
    actor: { value: 'ACTOR', help: 'retry, skip: who does it; required' },
    reason: { value: 'REASON', help: 'retry, skip: why; required' },
    json: { help: 'list: print one JSON object instead of lines' },
  },
  notes: [
    'An event that cannot be read or folded parks its ledger in that read model alone. retry has it tried again, as every start of a projector does; skip goes past exactly that event in that read model, for ever, in every build of it; who skips the same again is told who did so before. Both are recorded in the event store, in the stream daybook-projections, and running projectors act on them within seconds.',
    'Both judge by what serves, and by a build only while a process fills it; list shows no other build. After kill -9 of a builder it takes some seconds to be sure of that. Of the skipped events of a read model list names the last 100, with --json all.',
    'Exit code 0: done, or recorded where no projector runs. 1: refused, or the ledger still stands.',
  ],
  logsTo: 2,

  async run(shell) {
    const [verb = '', name, ledgerId] = shell.arguments.positionals
    const known = verbs.find((each) => each === verb)
    if (known !== undefined) refuseOthers(shell.arguments, known)
    if (known === 'list') return list(shell, name)
    if (known !== undefined) return act(shell, known, { name, ledgerId })
    const meant = nearest(verb, verbs)
    const hint = meant === undefined ? `there are ${verbs.join(', ')}.` : `is ${meant} meant?`
    throw new WrongUsage(`there is no projections ${verb}: ${hint}`)
  },
}

const taken = {
  list: ['json'],
  retry: ['actor', 'reason'],
  skip: ['actor', 'reason', 'revision'],
} as const satisfies Record<(typeof verbs)[number], readonly string[]>

/** What a verb would pass over is refused. */
function refuseOthers({ values, flags }: Arguments, verb: (typeof verbs)[number]): void {
  const own: readonly string[] = taken[verb]
  const other = [...values.keys(), ...flags].find((name) => !own.includes(name))
  if (other !== undefined) throw new WrongUsage(`${verb} takes no --${other}.`)
}

async function list(
  { arguments: { flags }, config, logger }: Shell,
  surplus: string | undefined,
): Promise<number> {
  if (surplus !== undefined)
    throw new WrongUsage(`${JSON.stringify(surplus)} is one argument too many.`)
  await using store = await openExistingLogAsIs(config, logger)
  await using readModels = await openReadModels(config)
  await requireServing(config, { 'read-models': () => readModels.check() })
  const statuses = await projectionStatuses({
    projections: allProjections,
    readModels,
    store,
    feedPosition: () => readModels.feedPosition(placeInLog(config)),
    isBuilding: whetherBuilding(readModels),
    nowMs: toolClock.now(),
  })
  const damagedActs = damagedIn(await readActLog(store))
  const lines = flags.has('json')
    ? [JSON.stringify({ projections: statuses, damagedActs })]
    : listLines(statuses, damagedActs).map(printable)
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
  return 0
}

type Named = { readonly name: string | undefined; readonly ledgerId: string | undefined }

async function act(
  shell: Shell,
  verb: 'retry' | 'skip',
  { name, ledgerId }: Named,
): Promise<number> {
  const { arguments: given, config, logger } = shell
  if (name === undefined) throw new WrongUsage('NAME is missing.')
  const projection = projectionNamed(name)
  if (ledgerId === undefined) throw new WrongUsage('LEDGER is missing.')
  if (!isLedgerId(ledgerId))
    throw new WrongUsage('LEDGER is a ledgerId: lower-case letters, digits and hyphens.')
  const said = { actor: textOption(given, 'actor'), reason: textOption(given, 'reason') }
  const revision = revisionOption(given, 'revision')
  if (verb === 'skip' && revision === undefined)
    throw new WrongUsage(
      '--revision REVISION is missing: what to go past is said twice, so that it is meant.',
    )
  await using store = await openExistingLog(config, logger)
  await using readModels = await openReadModels(config)
  await requireServing(config, { 'read-models': () => readModels.check() })
  await requireSameLog(config, { store, readModels })
  const outcome = await actOn(
    { store, readModels, standstillInLog: standstillInLog(shell) },
    { verb, projection, ledgerId, revision, ...said },
  )
  process.stdout.write(`${printable(outcome.sentence)}\n`)
  return outcome.code
}

const textLengthMax = 500

function textOption({ values }: Arguments, name: string): string {
  const value = values.get(name)?.trim()
  if (value === undefined || value === '')
    throw new WrongUsage(`--${name} ${name.toUpperCase()} is missing: it is recorded.`)
  if (value.length > textLengthMax || !value.isWellFormed() || printable(value) !== value)
    throw new WrongUsage(
      `--${name} is one line of at most ${textLengthMax} characters, none of them control characters.`,
    )
  return value
}
