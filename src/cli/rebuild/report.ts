import process from 'node:process'
import type { Comparison } from '#cli/rebuild/compare.ts'

/** What came of one projection. `comparison` is absent where there was nothing of the version to compare with. */
export type Rebuilt = {
  readonly name: string
  readonly version: number
  readonly build: number
  readonly ledgers: number
  readonly seconds: number
  readonly comparison?: Comparison
  /** False where the model was only checked. */
  readonly serves: boolean
}

const shownMax = 5

/** Prints what came of each, as lines or as one JSON object. */
export function printRebuilt(all: readonly Rebuilt[], asJson: boolean): void {
  const text = asJson ? `${JSON.stringify({ projections: all })}\n` : all.flatMap(lines).join('')
  process.stdout.write(text)
}

function lines({ name, version, build, ledgers, comparison, serves }: Rebuilt): string[] {
  const what = `${name} v${version}`
  const ending = serves ? `build ${build} serves` : 'the live model was left alone'
  if (comparison === undefined)
    return [`${what}: ${ledgers} ledgers, nothing to compare with; ${ending}\n`]
  const { live, built, differences } = comparison
  if (differences.length === 0)
    return [`${what}: ${built.documents} documents, equal, SHA-256 ${built.checksum}; ${ending}\n`]
  const counts = `live ${live.documents}, rebuilt ${built.documents}`
  const shown = differences.slice(0, shownMax).map(({ ledgerId, id }) => `  ${ledgerId}: ${id}\n`)
  const more = differences.length > shownMax ? ['  … and more\n'] : []
  return [`${what}: documents differ (${counts}); ${ending}\n`, ...shown, ...more]
}
