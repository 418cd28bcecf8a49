import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const fileLinesMax = 250
const readmeLinesMax = 25

const root = join(import.meta.dirname, '..')
const sources = globSync('src/**/*.ts', { cwd: root })
const everywhere = globSync('{src,test,bench,examples,tools,bin}/**/*.{ts,js}', { cwd: root })
const folders = foldersToExplain()

describe('the source', () => {
  it('is found by this test', () => {
    expect(sources.length).toBeGreaterThan(0)
  })

  it('has no file longer than a reader keeps in mind', () => {
    expect(sources.filter((path) => linesOf(path) > fileLinesMax)).toEqual([])
  })

  it('has only kebab-case names', () => {
    const kebab = /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.(test|config))?\.(ts|js)$/
    expect(everywhere.filter((path) => !kebab.test(basename(path)))).toEqual([])
  })

  it('exports by name', () => {
    expect(sources.filter((path) => /^export default\b/m.test(read(path)))).toEqual([])
  })

  it('leaves nothing for later', () => {
    const later = /\b(TO[D]O|FIX[M]E)\b/
    expect(everywhere.filter((path) => later.test(read(path)))).toEqual([])
  })

  it('draws schedules where a printed one can be played again', () => {
    const drawn = everywhere.filter((path) => /\bfc\.scheduler\(\)/.test(read(path)))
    expect(drawn).toEqual(['test/support/any-schedule.ts'])
  })
})

describe('a folder of the source', () => {
  it('has a README', () => {
    expect(folders.filter((folder) => !existsSync(join(root, folder, 'README.md')))).toEqual([])
  })

  it('says what it is in a few lines', () => {
    const readmes = globSync('src/**/README.md', { cwd: root })
    expect(readmes.filter((path) => linesOf(path) > readmeLinesMax)).toEqual([])
  })
})

describe('the lockfile', () => {
  it('names no registry', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved": *"http/)
  })
})

/** The first two levels under src that hold TypeScript, directly or further down. */
function foldersToExplain(): string[] {
  const found = new Set<string>()
  for (const source of sources) {
    const parts = dirname(source).split('/')
    for (const depth of [2, 3]) {
      if (parts.length >= depth) found.add(parts.slice(0, depth).join('/'))
    }
  }
  return [...found].toSorted()
}

function linesOf(path: string): number {
  return read(path).trimEnd().split('\n').length
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}
