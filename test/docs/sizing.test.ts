import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readResults } from '#bench/report/results.ts'
import { resultPaths } from '#bench/report/write.ts'

const root = join(import.meta.dirname, '../..')
const path = join(root, resultPaths.results)
const isThere = existsSync(path)
const page = readFileSync(join(root, 'docs/guides/sizing.md'), 'utf8')
const cited = [...page.matchAll(/([\d,.]+)(?: [a-z]+)?<!-- ([a-z0-9-]+) -->/g)].map(
  ([, number = '', name = '']) => [name, Number(number.replaceAll(',', ''))] as const,
)

/** Figures are rounded for reading. */
const roundingMax = 0.06

describe.skipIf(!isThere)(
  `the page on sizing${isThere ? '' : ' (skipped: there are no results yet)'}`,
  () => {
    const measured = new Map(
      Object.values(readResults(path).groups).flatMap((group) =>
        'unavailable' in group.measured
          ? []
          : group.measured.map((each) => [each.name, each.value]),
      ),
    )

    it('cites figures', () => {
      expect(cited.length).toBeGreaterThan(10)
    })

    it.each(cited)('says of %s what was measured', (name, value) => {
      const actual = measured.get(name) ?? Number.NaN
      expect(Math.abs(value - actual) / actual).toBeLessThan(roundingMax)
    })
  },
)
