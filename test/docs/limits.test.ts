import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/reference/limits.md'), 'utf8')
const rows = [...page.matchAll(/`(src\/[^`]+\.ts)` `([^`]+)`/g)].map(
  ([, file = '', named = '']) => [file, named] as const,
)

describe('the page of bounds', () => {
  it('names many', () => {
    expect(rows.length).toBeGreaterThan(35)
  })

  it.each(rows)('is right about %s: %s', (file, named) => {
    const path = join(root, file)
    expect(existsSync(path)).toBe(true)
    const found = readFileSync(path, 'utf8').split(named)
    expect(found.length, `${file} has no ${named}`).toBeGreaterThan(1)
    // The whole number, not the beginning of a larger one.
    expect(found.slice(1).some((rest) => /^[^0-9_*]/.test(rest.trimStart()))).toBe(true)
  })
})
