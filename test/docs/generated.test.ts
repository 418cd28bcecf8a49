import { describe, expect, it } from 'vitest'
import { commandHelp } from '#cli/help.ts'
import { subcommands } from '#cli/subcommands.ts'
import { settings } from '#config.ts'

/** These pages are what the code says: `npx vitest run test/docs/generated.test.ts -u` writes them. */
describe('the pages made from code', () => {
  it('say of every setting what the program says', async () => {
    const rows = settings.map(({ name, meaning, default: value }) => [
      `\`${name}\``,
      meaning,
      /^[\w./:]+$/.test(value) ? `\`${value}\`` : value,
    ])
    const page = `# Settings

All are optional. They come from the environment or, for what that doesn't say, from the file \`.env\` of the working
folder. An empty value is as good as none. A setting that is not known or not valid ends the start with a sentence for
each.

${table([['setting', 'meaning', 'default'], ...rows])}
A relative \`DAYBOOK_DATA\` begins at the working folder, a relative folder after \`sqlite:\` at the data folder. Log,
feed and read models are chosen each on its own. What else can be in their URLs (users, TLS, several hosts) is in
[going distributed](../guides/going-distributed.md).
`
    await expect(page).toMatchFileSnapshot('../../docs/reference/settings.md')
  })

  it('say of every command of the program what its help says', async () => {
    const commands = await Promise.all(Object.values(subcommands).map((load) => load()))
    const sections = commands.map((command) => {
      const help = commandHelp(command).trim()
      return `## ${command.name}\n\n\`\`\`text\n${help}\n\`\`\`\n`
    })
    const page = `# Commands of the program

\`npm run daybook -- <command>\` in a clone; \`daybook --help\` lists them. Tools print data to the standard output and
everything else to standard error, so that output can be piped. Exit codes: 0 done, 1 failed or something was found, 2
asked wrongly. The tools read the log as it is, also while a server runs.

${sections.join('\n')}`
    await expect(page).toMatchFileSnapshot('../../docs/reference/cli.md')
  })
})

function table(rows: readonly (readonly string[])[]): string {
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map(
    (row) =>
      `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |\n`,
  )
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |\n`
  return [lines[0], rule, ...lines.slice(1)].join('')
}
