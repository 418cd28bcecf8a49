import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/guides/failures.md'), 'utf8')
const named = new Set([...page.matchAll(/`([\w-]+\.test\.ts)`/g)].map(([, name = '']) => name))

/** They test what the tests of faults stand on. */
const others = new Set(['history-checker.test.ts'])

describe('how it behaves under failure', () => {
  it('names tests that are there', () => {
    expect(named.size).toBeGreaterThan(20)
    expect([...named].filter((name) => !existsSync(join(root, 'test/faults', name)))).toEqual([])
  })

  it('names every test of a fault', () => {
    const all = readdirSync(join(root, 'test/faults')).filter((name) => name.endsWith('.test.ts'))
    expect(all.filter((name) => !named.has(name) && !others.has(name))).toEqual([])
  })
})
