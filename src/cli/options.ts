import { type Arguments, WrongUsage } from '#cli/subcommand.ts'
import { isLedgerId, type LedgerId } from '#values/ids.ts'

/** The ledger that `--ledger` names. @throws {WrongUsage} */
export function ledgerOption({ values }: Arguments): LedgerId | undefined {
  const ledgerId = values.get('ledger')
  if (ledgerId === undefined || isLedgerId(ledgerId)) return ledgerId
  throw new WrongUsage('--ledger is a ledgerId: lower-case letters, digits and hyphens.')
}

/** One of a few words. @throws {WrongUsage} */
export function choiceOption<Choice extends string>(
  { values }: Arguments,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const value = values.get(name)
  const choice = choices.find((known) => known === value)
  if (value === undefined || choice !== undefined) return choice
  throw new WrongUsage(`--${name} is ${choices.join(' or ')}.`)
}

/** A revision, from 0. @throws {WrongUsage} */
export function revisionOption({ values }: Arguments, name: string): bigint | undefined {
  const value = values.get(name)
  if (value === undefined) return undefined
  if (/^\d{1,18}$/.test(value)) return BigInt(value)
  throw new WrongUsage(`--${name} is a revision: a whole number from 0.`)
}
