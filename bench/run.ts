import { join } from 'node:path'
import { tmpdir } from 'node:os'
import process from 'node:process'
import { parseArguments, usage } from '#bench/arguments.ts'
import { temporaryFolder } from '#bench/daybook.ts'
import type { Group } from '#bench/groups.ts'
import { readMachine } from '#bench/machine.ts'
import { print, printFigure } from '#bench/print.ts'
import { endAll } from '#bench/processes.ts'
import type { GroupResult } from '#bench/report/results.ts'
import { writeResults } from '#bench/report/write.ts'
import { readSettings, type Settings } from '#bench/settings.ts'

/** As a shell says it of what a Ctrl-C has ended. */
const endedCode = 130
const root = join(import.meta.dirname, '..')

async function main(): Promise<number> {
  const asked = parseArguments(process.argv.slice(2))
  if ('help' in asked) {
    print(usage)
    return 0
  }
  if ('problem' in asked) {
    process.stderr.write(`bench: ${asked.problem}\n\n${usage}\n`)
    return 2
  }
  const settings = readSettings()
  if ('problem' in settings) {
    process.stderr.write(`bench: ${settings.problem}\n`)
    return 2
  }
  // What is compiled outlives the run; everything else that it and its processes put aside is in one folder.
  process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'node-compile-cache')
  using folder = temporaryFolder()
  process.once('exit', () => folder[Symbol.dispose]())
  process.env['TMPDIR'] = folder.path
  const ended = endWithSignals(folder)
  const machine = readMachine()
  print(
    `${machine.cores} × ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.kernel}, Node ${machine.node}, SQLite ${machine.sqlite}, fsync ${machine.fsyncMs} ms`,
  )
  print(`${settings.rounds} rounds of ${settings.seconds} s each, in turn; medians\n`)
  let failed = 0
  for (const group of asked.chosen) {
    const measured = await measure(group, settings, ended)
    if (ended.aborted) return endedCode
    if (measured === undefined) failed += 1
    else if (asked.write) write(group, { machine, settings, measured })
  }
  return failed === 0 ? 0 : 1
}

/** Prints what a group measured; undefined where it failed, which leaves the other groups alone, or was ended. */
async function measure(
  { name, title, load }: Group,
  settings: Settings,
  ended: AbortSignal,
): Promise<GroupResult['measured'] | undefined> {
  print(`${name}: ${title}`)
  try {
    const measured = await (await load())(settings)
    if ('unavailable' in measured) print(`  not measured: ${measured.unavailable}`)
    else for (const figure of measured) printFigure(figure)
    print('')
    return 'unavailable' in measured ? measured : [...measured]
  } catch (error) {
    if (!ended.aborted) process.stderr.write(`bench: ${name} failed: ${String(error)}\n\n`)
    return undefined
  }
}

/** After every group, so that a run that is ended early has not measured in vain. */
function write({ name, longToo = false }: Group, result: Omit<GroupResult, 'date'>): void {
  const { events, long, ...settings } = result.settings
  const set = { ...settings, long: long && longToo, ...(events !== undefined && { events }) }
  const date = new Date().toISOString()
  const { kept } = writeResults(root, { [name]: { ...result, settings: set, date } })
  if (kept.length > 0)
    print(
      `  not written: the figures of ${name} are of BENCH_LONG=1, as it takes to replace them\n`,
    )
}

/** Whatever was under way, its processes and folders are gone when this one is. Aborted once that has begun. */
function endWithSignals(folder: Disposable): AbortSignal {
  const ended = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => {
      ended.abort()
      void endAll().finally(() => {
        folder[Symbol.dispose]()
        process.exit(endedCode)
      })
    })
  return ended.signal
}

process.exitCode = await main()
