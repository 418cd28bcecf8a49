import { parseArgs } from 'node:util'
import { type Group, groups } from '#bench/groups.ts'

export type BenchArguments = { readonly chosen: readonly Group[]; readonly write: boolean }

/** What is asked for on the command line: some groups, or all; only what there is; or what is wrong with it, in a sentence. */
export function parseArguments(
  words: readonly string[],
): BenchArguments | { readonly help: true } | { readonly problem: string } {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        write: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return { help: true }
    const unknown = positionals.find((word) => !groups.some(({ name }) => name === word))
    if (unknown !== undefined) return { problem: `there is no group ${unknown}` }
    const chosen = groups.filter(
      ({ name }) => positionals.length === 0 || positionals.includes(name),
    )
    return { chosen, write: values.write }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

export const usage = `npm run bench -- [GROUP…] [--write]

All groups, or those that are named. --write puts the figures into bench/results.json, docs/benchmarks.md and its plot.

${groups.map(({ name, title }) => `  ${name.padEnd(14)} ${title}`).join('\n')}`
