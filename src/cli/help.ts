import type { Subcommand } from '#cli/subcommand.ts'
import { settings } from '#config.ts'

const widthMax = 100

/** The help of the whole program: its commands and its settings. */
export function programHelp(commands: readonly Subcommand[]): string {
  return [
    'Daybook: an event-sourced double-entry ledger.',
    '',
    'Usage: daybook <command> [options]',
    '',
    'Commands:',
    ...columns(commands.map(({ name, summary }) => [name, summary])),
    '',
    'Options:',
    ...columns([
      ['--help', 'this text; daybook <command> --help has more of each command'],
      ['--version', 'the version of Daybook'],
    ]),
    '',
    'Settings, from the environment or from the file .env of the working folder:',
    ...columns(
      settings.map((setting) => [setting.name, `${setting.meaning} (${setting.default})`]),
    ),
    '',
  ].join('\n')
}

/** The help of one command. */
export function commandHelp(command: Subcommand): string {
  const { name, summary, positionals, options, notes = [] } = command
  const rows = Object.entries(options).map(([option, { value, help }]): [string, string] => [
    `--${option}${value === undefined ? '' : ` ${value}`}`,
    help,
  ])
  return [
    `daybook ${name}: ${summary}`,
    '',
    `Usage: ${['daybook', name, ...positionals, ...(rows.length > 0 ? ['[options]'] : [])].join(' ')}`,
    '',
    'Options:',
    ...columns([...rows, ['--help', 'this text']]),
    '',
    ...notes.flatMap((note) => [...wrapped(note, widthMax), '']),
  ].join('\n')
}

/** Two columns, the second wrapped under itself. */
function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([first]) => first.length))
  return rows.flatMap(([first, second]) =>
    wrapped(second, widthMax - width - 4).map(
      (line, index) => `  ${(index === 0 ? first : '').padEnd(width)}  ${line}`,
    ),
  )
}

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
