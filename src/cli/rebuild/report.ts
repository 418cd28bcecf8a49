import process from 'node:process'
import { printable } from '#cli/printable.ts'
import type { Deviation } from '#cli/rebuild/standings.ts'
import type { Comparison, Difference } from '#cli/rebuild/sums.ts'
import type { ParkedLedger } from '#projections/runtime/projection-status.ts'

/** What came of one projection. `comparison` is absent where there was nothing of the version to compare with. */
export type Rebuilt = {
  readonly name: string
  readonly version: number
  readonly build: number
  readonly ledgers: number
  /** Those of them at whose next event the log stops what was built. */
  readonly parkedLedgers: readonly ParkedLedger[]
  readonly seconds: number
  readonly comparison?: Comparison | undefined
  /** Ledgers that stand elsewhere in what serves; only where the model was checked. */
  readonly deviations?: readonly Deviation[] | undefined
  /** False where the model was only checked, or could not take the place of what serves. */
  readonly serves: boolean
  /** Why it could not. */
  readonly stuck?: string
}

const shownMax = 5

/** Prints what came of each, and what is wrong with the store of what serves, as lines or as one JSON object. */
export function printRebuilt(
  all: readonly Rebuilt[],
  { asJson, faults = [] }: { readonly asJson: boolean; readonly faults?: readonly string[] },
): void {
  const broken = faults.map((fault) => `the read models: ${fault}\n`)
  const text = asJson
    ? `${JSON.stringify({ projections: all, ...(faults.length > 0 && { faults }) })}\n`
    : [...broken, ...all.flatMap(lines)].join('')
  process.stdout.write(text)
}

/** Whether what was compared is what the log makes, as far as it can be. */
export function isEqual({ comparison, deviations = [] }: Rebuilt): boolean {
  if (comparison === undefined || deviations.some(({ isWrong }) => isWrong)) return false
  return comparison.differences.length === 0 && comparison.unread.length === 0
}

function lines(each: Rebuilt): string[] {
  const { name, version, build, ledgers, comparison, serves, stuck } = each
  const what = `${name} v${version}`
  const ending = serves ? `build ${build} serves` : 'the live model was left alone'
  const obstacle = stuck === undefined ? [] : [stuck]
  const standing = shown(standingSentences(each))
  if (comparison === undefined) {
    const said = `${what}: ${ledgers} ledgers, nothing to compare with; ${ending}\n`
    return [said, ...shown(obstacle), ...standing]
  }
  const { differences, unread } = comparison
  return [
    `${what}: ${verdict(each, comparison)}; ${ending}\n`,
    ...shown(obstacle),
    ...shown(differences.map((one) => `${one.ledgerId}: ${nameOf(one)}`)),
    ...shown(unread.map(({ ledgerId, sentence }) => `${ledgerId}: ${sentence}`)),
    ...standing,
  ]
}

/** What stands elsewhere than the log says, and what the log lets go no further. */
function standingSentences({ deviations = [], parkedLedgers }: Rebuilt): readonly string[] {
  const told = new Set(deviations.map(({ ledgerId }) => ledgerId))
  return [
    ...deviations.map(({ ledgerId, sentence }) => `${ledgerId}: ${sentence}`),
    ...parkedLedgers
      .filter(({ ledgerId }) => !told.has(ledgerId))
      .map(
        ({ ledgerId, revision, reason }) =>
          `${ledgerId}: parked at revision ${revision}: ${reason}`,
      ),
  ]
}

function verdict(each: Rebuilt, { live, built, differences, unread }: Comparison): string {
  if (differences.length > 0)
    return `documents differ (live ${live.documents}, rebuilt ${built.documents})`
  const counted = `${built.documents} documents, equal, SHA-256 ${built.checksum}`
  if (unread.length > 0) return `not all could be read to be compared (${counted})`
  return isEqual(each) ? counted : `ledgers stand elsewhere than the log says (${counted})`
}

function shown(all: readonly string[]): string[] {
  const first = all.slice(0, shownMax).map((line) => `  ${printable(line)}\n`)
  return all.length > shownMax ? [...first, '  … and more\n'] : first
}

function nameOf({ id, misfiled, repeated }: Difference): string {
  if (id === '') return 'a document under no id'
  const times = repeated === true ? ', stored more than once' : ''
  return misfiled === true
    ? `${id}${times}, damaged or found by other fields than it has`
    : `${id}${times}`
}
