import { readFileSync } from 'node:fs'
import process from 'node:process'
import { parseArguments } from '#cli/arguments.ts'
import { commandHelp, programHelp } from '#cli/help.ts'
import { nearest } from '#cli/nearest.ts'
import {
  type ProgramLogger,
  type StrictJsonParser,
  type Subcommand,
  ToolFailed,
  WrongUsage,
} from '#cli/subcommand.ts'
import { subcommands } from '#cli/subcommands.ts'
import { DependenciesUnavailable } from '#compose/dependencies.ts'
import { type Config, ConfigRefused, readConfig } from '#config.ts'

/** What only the composition may know: handed in by main. */
export type ProgramParts = {
  readonly openLogger: (options: {
    readonly level: Config['logLevel']
    readonly format: Config['logFormat']
    readonly fd: 1 | 2
  }) => Promise<ProgramLogger>
  readonly parseStrictJson: StrictJsonParser
}

/** Runs the command that the arguments ask for. Resolves to the exit code: 0 done, 1 failed, 2 asked wrongly. */
export async function runProgram(given: readonly string[], parts: ProgramParts): Promise<number> {
  endQuietlyWhenNobodyReads()
  const [first = '--help', ...others] = given
  if (first === '--version') return print(`${version()}\n`)
  if (first === '--help' || first === '-h') {
    print(programHelp(await Promise.all(Object.values(subcommands).map((load) => load()))))
    return given.length === 0 ? 2 : 0
  }
  try {
    return await runCommand(await commandNamed(first), others, parts)
  } catch (error) {
    return complain(Object.hasOwn(subcommands, first) ? `daybook ${first}` : 'daybook', error)
  }
}

async function commandNamed(name: string): Promise<Subcommand> {
  const load = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined
  if (load !== undefined) return load()
  const kind = name.startsWith('-') ? 'option' : 'command'
  const meant = nearest(name, Object.keys(subcommands))
  const hint = meant === undefined ? 'see daybook --help.' : `is ${meant} meant?`
  throw new WrongUsage(`there is no ${kind} ${name}: ${hint}`)
}

async function runCommand(
  command: Subcommand,
  given: readonly string[],
  { openLogger, parseStrictJson }: ProgramParts,
): Promise<number> {
  const parsed = parseArguments(command, given)
  if (parsed.flags.has('help')) return print(commandHelp(command))
  const config = readConfig()
  // A tool says itself what it does; what it stands on only speaks up when something is wrong.
  const level = command.logsTo === 2 && config.logLevel === 'info' ? 'warn' : config.logLevel
  const logger = await openLogger({ level, format: config.logFormat, fd: command.logsTo })
  endOnBugs(logger)
  return command.run({ arguments: parsed, config, logger, parseStrictJson })
}

/** What nobody caught has left the process in an unknown state: say so and end. */
function endOnBugs(logger: ProgramLogger): void {
  process.on('uncaughtException', (err, origin) => {
    logger.fatal({ err, origin }, 'ended by an error that nothing handled')
    process.exit(1)
  })
}

function complain(who: string, error: unknown): number {
  const lines =
    error instanceof ConfigRefused || error instanceof DependenciesUnavailable
      ? error.problems
      : [error instanceof Error ? say(error) : String(error)]
  process.stderr.write(lines.map((line) => `${who}: ${line}\n`).join(''))
  return error instanceof WrongUsage || error instanceof ConfigRefused ? 2 : 1
}

/** How Node says so, of files as of modules, threads and sockets. */
const handlesWords = /EMFILE|ENFILE|too many open files/

/** Errors of our own and of the system are sentences; anything else is a bug and needs its stack. */
function say(error: Error): string {
  const isSentence =
    error instanceof ToolFailed || 'code' in error || !/^(\w*Error)$/.test(error.name)
  if (handlesWords.test(error.message))
    return `this process may open no more files. Allow it more (ulimit -n). ${error.message}`
  return isSentence ? error.message : (error.stack ?? error.message)
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

/** `daybook export | head` is no error. */
function endQuietlyWhenNobodyReads(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}

function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown'
}
