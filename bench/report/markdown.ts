import type { Figure } from '#bench/figure.ts'
import { commandOf, type Group, groups } from '#bench/groups.ts'
import type { Machine } from '#bench/machine.ts'
import type { GroupResult, Results } from '#bench/report/results.ts'
import { metText, ratioText, targetText, valueText } from '#bench/report/words.ts'

const columns = ['figure', 'measured', 'limit', 'ratio', 'target', '']

/** The page of the results: nothing is in it that is not in them or in the groups. */
export function markdownOf(results: Results): string {
  return `# Benchmarks

Every figure stands beside a limit measured in the same run on the same machine, where it has one; the ratio of the two
says more than either, since machines differ and shared ones vary. This page and its plot are made from
[results.json](../bench/results.json); what measures is in [bench](../bench/README.md).

${everythingOf(results)}
One group: the command below it, with \`--write\` to have it on this page.

![Figures against their targets and limits; the same numbers stand in the tables below](benchmarks.svg)

${machinesOf(results)}
${groups.map((group) => sectionOf(group, results.groups[group.name])).join('\n')}`
}

/** How all of these figures are had again, as they are here; several commands where groups differ in their settings. */
function everythingOf({ groups: all }: Results): string {
  const entries = Object.entries(all)
  const long = entries.some(([, { settings }]) => settings.long)
  const bySettings = Map.groupBy(entries, ([, { settings }]) =>
    commandOf('', { ...settings, long }),
  )
  const commands = [...bySettings].map(([command, same]) => {
    const names = bySettings.size === 1 ? [] : same.map(([name]) => name)
    return `\`${command}${[...names, '--write'].join(' ')}\``
  })
  return `Everything again, with this page: ${commands.join(', then ')}.${long ? withoutLong : ''}`
}

const withoutLong =
  '\nThe largest ledgers take `BENCH_LONG=1`, some ten minutes more and 15 GB of disk; without it the section that has them stays as it is.'

/** One line for every machine and Node that figures are of. */
function machinesOf({ groups: all }: Results): string {
  const byMachine = Map.groupBy(Object.entries(all), ([, { machine }]) => machineText(machine))
  const lines = [...byMachine].map(([text, entries]) => {
    const names = entries.map(([name]) => `\`${name}\``).join(', ')
    return byMachine.size === 1 ? `${text}.` : `${text}: ${names}.`
  })
  return `${lines.join('\n\n')}\n`
}

function machineText({ cpu, cores, memoryGiB, kernel, node, sqlite }: Machine): string {
  return `${cores} × ${cpu}, ${memoryGiB} GiB, ${kernel}, Node ${node}, SQLite ${sqlite}`
}

function sectionOf(group: Group, result: GroupResult | undefined): string {
  return `## ${group.title}

${group.how}

${result === undefined ? 'Not measured yet.\n' : measuredText(result)}
Again: \`${commandOf(group.name, result?.settings)}\`
`
}

function measuredText({ measured, date, machine, settings }: GroupResult): string {
  if ('unavailable' in measured) return `Not measured: ${measured.unavailable}.\n`
  const { rounds, seconds, events, long } = settings
  const limits = `${rounds} rounds of ${seconds} s`
  const sized = events === undefined ? '' : `, ${events.toLocaleString('en-US')} events`
  const when = `${date.slice(0, 10)}, ${limits}${sized}${long ? ', long' : ''}, fsync ${machine.fsyncMs} ms.`
  return `${table([columns, ...measured.map(rowOf)])}\n${when}\n`
}

function rowOf(figure: Figure): readonly string[] {
  const { name, what, value, unit, limit, ratio } = figure
  return [
    `\`${name}\`: ${what}`,
    valueText(value, unit),
    limit === undefined ? '' : `${valueText(limit.value, unit)}: ${limit.what}`,
    ratioText(ratio),
    targetText(figure),
    metText(figure),
  ]
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = columns.map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const lines = rows.map(
    (row) =>
      `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |\n`,
  )
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |\n`
  return [lines[0], rule, ...lines.slice(1)].join('')
}
