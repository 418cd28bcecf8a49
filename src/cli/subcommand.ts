import type { Config } from '#config.ts'
import type { Logger } from '#ports/logger.ts'
import type { Json } from '#values/json.ts'

/** One of the program's commands: a file in this folder exports it, `subcommands.ts` lists it. */
export type Subcommand = {
  readonly name: string
  /** One line in the program's help. */
  readonly summary: string
  /** What stands behind the name, in order; those in brackets may be left out, and a last `[NAME…]` given repeatedly. */
  readonly positionals: readonly string[]
  readonly options: Options
  /** Paragraphs below the options in the command's own help. */
  readonly notes?: readonly string[]
  /** Where log lines go: 2 for tools, so that what they print stays data. */
  readonly logsTo: 1 | 2
  /** Resolves to the exit code. */
  run(shell: Shell): Promise<number>
}

export type Options = Readonly<Record<string, Option>>

/** An option with a value names it (`FILE`) for the help. */
export type Option = { readonly value?: string; readonly help: string }

export type Arguments = {
  readonly values: ReadonlyMap<string, string>
  readonly flags: ReadonlySet<string>
  readonly positionals: readonly string[]
}

/** What a command runs with. */
export type Shell = {
  readonly arguments: Arguments
  readonly config: Config
  readonly logger: ProgramLogger
  readonly parseStrictJson: StrictJsonParser
}

export type ProgramLogger = Logger & { fatal(fields: object, message: string): void }

/** JSON by the API's strict rules, from raw bytes; whether any number stands in it. */
export type StrictJsonParser = (
  bytes: Buffer,
) =>
  | { readonly kind: 'parsed'; readonly value: Json; readonly hasNumbers: boolean }
  | { readonly kind: 'malformed'; readonly detail: string }

/** The arguments make no sense: one sentence; exit code 2. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage'
}

/** The command can't do what was asked: one sentence; exit code 1. */
export class ToolFailed extends Error {
  override readonly name = 'ToolFailed'
}
