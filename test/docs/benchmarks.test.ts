import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { groups } from '#bench/groups.ts'
import { markdownOf } from '#bench/report/markdown.ts'
import { plotOf } from '#bench/report/plot.ts'
import { readResults } from '#bench/report/results.ts'
import { resultPaths } from '#bench/report/write.ts'

const root = join(import.meta.dirname, '../..')
const path = join(root, resultPaths.results)
const isThere = existsSync(path)

/** What the bench is asked to show; each with its limit or its target, but where it is only to be stated. */
const promised = [
  'single',
  'batches',
  'spread-accounts',
  'spread-ledgers',
  'visible-p99',
  'reads-balances',
  'reads-entries',
  'rebuild',
  'memory-key',
  'memory-account',
  'memory-balance',
  'memory-hold',
  'disk-log',
  'disk-whole',
  'loop-p99',
  'flat-cpu-10000',
  'flat-rate-10000',
  'flat-cpu-1000000',
  'flat-rate-1000000',
]

/** Where there is no Kafka, it is said why. */
const throughKafka = new Set(['relay', 'projector', 'visible-kafka'])

describe.skipIf(!isThere)(
  `the page of the benchmarks${isThere ? '' : ' (skipped: there are no results yet, npm run bench -- --write makes them)'}`,
  () => {
    const results = readResults(path)

    it('is what the results make, and so is its plot', () => {
      expect(read(resultPaths.page)).toBe(markdownOf(results))
      expect(read(resultPaths.plot)).toBe(plotOf(results))
    })

    it('has every group, and no result of a group that is gone', () => {
      const names = groups.map(({ name }) => name)
      expect(new Set(Object.keys(results.groups))).toEqual(new Set(names))
    })

    it('has figures of every group but those that need a Kafka', () => {
      const without = Object.entries(results.groups).filter(
        ([name, { measured }]) => !throughKafka.has(name) && 'unavailable' in measured,
      )
      expect(without).toEqual([])
    })

    it('has every figure that the bench is asked to show', () => {
      const page = read(resultPaths.page)
      expect(promised.filter((name) => !page.includes(`| \`${name}\`:`))).toEqual([])
    })
  },
)

describe('the commands that the bench is shown with', () => {
  it('name groups that are there', () => {
    const pages = ['bench/README.md', ...(isThere ? [resultPaths.page] : [])]
    const shown = pages.flatMap((page) => [
      ...read(page).matchAll(/npm run bench --((?: [a-z-]+)+)/g),
    ])
    const words = shown.flatMap(([, given = '']) => given.trim().split(' '))
    const known = new Set(['--write', ...groups.map(({ name }) => name)])
    expect(words.filter((word) => !known.has(word))).toEqual([])
    expect(words).toContain('single')
  })

  it('are explained group by group', () => {
    const readme = read('bench/README.md')
    expect(groups.filter(({ name }) => !readme.includes(`| \`${name}\` `))).toEqual([])
  })

  it.each(groups.map((group) => [group.name, group] as const))(
    'load what measures %s',
    async (_name, { load }) => {
      expect(await load()).toBeTypeOf('function')
    },
  )
})

function read(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}
