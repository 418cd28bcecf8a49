import process from 'node:process'

export type Limit = { readonly name: string; readonly perSecond: number }

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** A rate beside its limit, both measured in this run. `more` stands behind the rate. */
export function printRatio(perSecond: number, limit: Limit, more = ''): void {
  print(`  daybook  ${Math.round(perSecond)}/s${more}`)
  print(`  limit    ${Math.round(limit.perSecond)}/s (${limit.name})`)
  print(`  ratio    ${(perSecond / limit.perSecond).toFixed(2)}\n`)
}
