import { parseArgs } from 'node:util'
import { nearest } from '#cli/nearest.ts'
import { type Arguments, type Subcommand, WrongUsage } from '#cli/subcommand.ts'

type Token = NonNullable<ReturnType<typeof tokensOf>>[number]
type OptionToken = Extract<Token, { kind: 'option' }>

/**
 * Sorts a command's arguments by what it declares; `--help` is known everywhere.
 * @throws {WrongUsage}
 */
export function parseArguments(
  command: Pick<Subcommand, 'options' | 'positionals'>,
  given: readonly string[],
): Arguments {
  const values = new Map<string, string>()
  const flags = new Set<string>()
  const positionals: string[] = []
  for (const token of tokensOf(command, given)) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const value = checkedValue(command, token)
    if (values.has(token.name)) throw new WrongUsage(`${token.rawName} is given twice.`)
    if (value === undefined) flags.add(token.name)
    else values.set(token.name, value)
  }
  if (!flags.has('help')) checkPositionals(command.positionals, positionals)
  return { values, flags, positionals }
}

function tokensOf({ options }: Pick<Subcommand, 'options'>, given: readonly string[]) {
  const known = Object.entries(options).map(([name, { value }]) => {
    const type: 'string' | 'boolean' = value === undefined ? 'boolean' : 'string'
    return [name, { type }] as const
  })
  const { tokens } = parseArgs({
    args: given,
    options: { ...Object.fromEntries(known), help: { type: 'boolean', short: 'h' } },
    strict: false,
    tokens: true,
  })
  return tokens
}

function checkedValue(
  { options }: Pick<Subcommand, 'options'>,
  { name, rawName, value, inlineValue }: OptionToken,
): string | undefined {
  if (name === 'help') return undefined
  const option = Object.hasOwn(options, name) ? options[name] : undefined
  if (option === undefined) throw new WrongUsage(unknownOption(rawName, Object.keys(options)))
  if (option.value === undefined) return withoutValue(rawName, value)
  if (value === undefined || value === '' || (!inlineValue && looksLikeOption(value)))
    throw new WrongUsage(`${rawName} needs a value: ${rawName} ${option.value}.`)
  return value
}

function withoutValue(rawName: string, value: string | undefined): undefined {
  if (value !== undefined) throw new WrongUsage(`${rawName} takes no value.`)
}

/** A lone hyphen is a value: standard input. */
function looksLikeOption(value: string): boolean {
  return value.length > 1 && value.startsWith('-')
}

function unknownOption(rawName: string, known: readonly string[]): string {
  const meant = nearest(
    rawName,
    known.map((name) => `--${name}`),
  )
  return `there is no option ${rawName}${meant === undefined ? '.' : `: is ${meant} meant?`}`
}

function checkPositionals(expected: readonly string[], given: readonly string[]): void {
  const missing = expected[given.length]
  if (missing !== undefined && !missing.startsWith('['))
    throw new WrongUsage(`${missing} is missing.`)
  const surplus = given[expected.length]
  if (expected.at(-1)?.endsWith('…]') === true) return
  if (surplus !== undefined)
    throw new WrongUsage(`${JSON.stringify(surplus)} is one argument too many.`)
}
