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

/** Of the table that says how long a disk lasts: transactions a day, a year's log, a year in all, the years. */
const planned = [
  ...page.matchAll(/^\| ([\d,]+) +\| ([\d.]+ [MGT]B) +\| ([\d.]+ [MGT]B) +\| ([\w ]+?) +\|$/gm),
].map(([, aDay = '', log = '', all = '', lasts = '']) => [aDay, log, all, lasts] as const)
const diskBytes = 1e12

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
      expect(planned).toHaveLength(4)
    })

    const sizeOf = (name: string) => measured.get(name) ?? Number.NaN

    it.each(planned)('calculates %s transactions a day from what was measured', (...cells) => {
      const [aDay, log, all, lasts] = cells.map(amountOf)
      const [aYearsLog, aYear] = ['disk-log', 'disk-whole'].map(
        (name) => sizeOf(name) * 365 * Number(aDay),
      )
      expect(offBy(log, aYearsLog)).toBeLessThan(roundingMax)
      expect(offBy(all, aYear)).toBeLessThan(roundingMax)
      const years = diskBytes / 2 / Number(aYear)
      if (cells[3].startsWith('more than')) expect(years).toBeGreaterThan(Number(lasts))
      else expect(offBy(lasts, years)).toBeLessThan(roundingMax)
    })

    it('calculates the memory of a large ledger from what was measured', () => {
      const [, megabytes] =
        /a million accounts with\s+one balance each are (\d+) MB/.exec(page) ?? []
      const each = sizeOf('memory-account') + sizeOf('memory-balance')
      expect(offBy(Number(megabytes) * 1e6, each * 1e6)).toBeLessThan(roundingMax)
    })

    it.each(cited)('says of %s what was measured', (name, value) => {
      expect(offBy(value, sizeOf(name))).toBeLessThan(roundingMax)
    })
  },
)

const units: Readonly<Record<string, number>> = { MB: 1e6, GB: 1e9, TB: 1e12, months: 1 / 12 }

/** In bytes or years; a count as it is. */
function amountOf(text: string): number {
  const [, number = '', unit = ''] = /([\d.,]+) ?(\w*)$/.exec(text) ?? []
  return Number(number.replaceAll(',', '')) * (units[unit] ?? 1)
}

/** By what part of what is so another figure is off. */
function offBy(said = Number.NaN, actual = Number.NaN): number {
  return Math.abs(said - actual) / actual
}
