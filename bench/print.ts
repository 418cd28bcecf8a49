import process from 'node:process'
import type { Figure } from '#bench/figure.ts'
import { metText, ratioText, targetText, valueText } from '#bench/report/words.ts'

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** A figure in a few lines. */
export function printFigure(figure: Figure): void {
  const { what, value, unit, limit, ratio, target } = figure
  print(`  ${what}`)
  print(`    daybook  ${valueText(value, unit)}`)
  if (limit !== undefined) print(`    limit    ${valueText(limit.value, unit)} (${limit.what})`)
  if (ratio !== undefined) print(`    ratio    ${ratioText(ratio)}`)
  if (target !== undefined) print(`    target   ${targetText(figure)}: ${metText(figure)}`)
}
