import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { csvColumns } from '#cli/import/csv-columns.ts'
import { currentVersions } from '#events/ledger-event.ts'

const root = join(import.meta.dirname, '../..')
const rows = rowsOf('docs/reference/events.md')
type Golden = { readonly type: string; readonly revision: string; readonly data: object }

const golden = globSync('test/events/golden/*.json', { cwd: root }).map(
  (path): Golden => JSON.parse(read(path)),
)

describe('the reference of the events', () => {
  it('has a row for every type', () => {
    expect(Object.keys(currentVersions).filter((type) => !rows.has(type))).toEqual([])
  })

  it.each(golden.map((event) => [event.type, event.revision, event] as const))(
    'names all that a %s has (golden event %s)',
    (type, _revision, { data, ...envelope }) => {
      expect(missing(data, rows.get(type) ?? '')).toEqual([])
      expect(missing(envelope, read('docs/reference/events.md'))).toEqual([])
    },
  )
})

describe('the reference of the import', () => {
  it('has every column of a CSV file', () => {
    const page = read('docs/reference/import.md')
    expect(Object.keys(csvColumns).filter((column) => !page.includes(`\`${column}\``))).toEqual([])
  })
})

/** The members of an object that a text does not name. */
function missing(of: unknown, text: string): readonly string[] {
  return Object.keys(Object(of)).filter((name) => !new RegExp(`\\b${name}\\b`).test(text))
}

/** The rows of a page's tables, whole, by what stands first in them. */
function rowsOf(path: string): ReadonlyMap<string, string> {
  return new Map(
    [...read(path).matchAll(/^\| `(\w+)` .*$/gm)].map(([row, name = '']) => [name, row]),
  )
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}
