import { openExistingLog } from '#cli/existing-log.ts'
import { allPages, ledgerHead, ledgerPages } from '#cli/log-pages.ts'
import { nearest } from '#cli/nearest.ts'
import { ledgerOption, revisionOption } from '#cli/options.ts'
import { openOutput } from '#cli/output.ts'
import { openProgress } from '#cli/progress.ts'
import { type Arguments, type Subcommand, WrongUsage } from '#cli/subcommand.ts'
import { currentVersions, isEventType } from '#events/ledger-event.ts'

/** Writes the log's events, byte for byte as they are stored. */
export const exportEvents: Subcommand = {
  name: 'export',
  summary: 'write events as NDJSON, in the order of the log',
  positionals: [],
  options: {
    ledger: { value: 'LEDGER', help: 'only this ledger' },
    from: { value: 'REVISION', help: 'from this revision of the ledger on' },
    types: { value: 'TYPE,TYPE', help: 'only events of these types' },
    output: { value: 'OUTPUT', help: 'write to this new file instead of standard output (-)' },
  },
  notes: [
    'Each line is one event: the canonical JSON (RFC 8785) of its envelope, the very bytes that are stored. A server may be running.',
    'A file that is there is never replaced: the exit code is 1. The new one appears when it is whole and on the disk; killed before, there is none, but after kill -9 one beside it that ends in .unfinished. A pipe or a device gets the lines as they come.',
  ],
  logsTo: 2,

  async run({ arguments: given, config, logger }) {
    const { ledgerId, from, types, path } = optionsOf(given)
    await using store = await openExistingLog(config, logger)
    await using output = await openOutput(path)
    const total =
      ledgerId === undefined ? 0 : Number((await ledgerHead(store, ledgerId)) - from + 1n)
    using progress = openProgress('exporting', output.isTerminal ? 0 : total)
    const pages = ledgerId === undefined ? allPages(store) : ledgerPages(store, ledgerId, { from })
    let events = 0
    for await (const page of pages) {
      const wanted = types === undefined ? page : page.filter(({ type }) => types.has(type))
      await output.write(wanted.map(({ json }) => `${json}\n`).join(''))
      events += page.length
      progress.show(events, `${events} events`)
    }
    await output.finish()
    return 0
  },
}

function optionsOf(given: Arguments) {
  const ledgerId = ledgerOption(given)
  const from = revisionOption(given, 'from')
  if (from !== undefined && ledgerId === undefined)
    throw new WrongUsage('--from is a revision of one ledger: name it with --ledger.')
  return { ledgerId, from: from ?? 0n, types: typesOption(given), path: given.values.get('output') }
}

function typesOption({ values }: Arguments): ReadonlySet<string> | undefined {
  const types = values.get('types')?.split(',')
  for (const type of types ?? []) {
    if (isEventType(type)) continue
    const meant = nearest(type, Object.keys(currentVersions))
    throw new WrongUsage(`there is no event type ${type}${meant ? `: is ${meant} meant?` : '.'}`)
  }
  return types && new Set(types)
}
