import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { markdownOf } from '#bench/report/markdown.ts'
import { plotOf } from '#bench/report/plot.ts'
import { merged, readResults, type Results } from '#bench/report/results.ts'

/** Where the results and what is made from them stand, from the repository's root. */
export const resultPaths = {
  results: 'bench/results.json',
  page: 'docs/benchmarks.md',
  plot: 'docs/benchmarks.svg',
} as const

/** Puts the groups in place of the old ones in the results (see `merged`), and makes the page and its plot anew. */
export function writeResults(
  root: string,
  groups: Results['groups'],
): Pick<ReturnType<typeof merged>, 'kept'> {
  const { results, kept } = merged(readResults(join(root, resultPaths.results)), groups)
  const write = (path: string, text: string) => writeFileSync(join(root, path), text)
  write(resultPaths.results, `${JSON.stringify(results, undefined, 2)}\n`)
  write(resultPaths.page, markdownOf(results))
  write(resultPaths.plot, plotOf(results))
  return { kept }
}
