import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { editsIn } from '#test/docs/walk.ts'

const root = join(import.meta.dirname, '../..')
const edits = editsIn(read('CONTRIBUTING.md'))
const made = new Set(edits.flatMap((edit) => ('makes' in edit ? [edit.path] : [])))

describe('the walks of CONTRIBUTING.md', () => {
  it('are found by this test', () => {
    expect(edits.length).toBeGreaterThan(30)
    expect(made.size).toBeGreaterThan(5)
  })

  it.each(edits.flatMap((edit) => ('replaces' in edit ? [[edit.path, edit] as const] : [])))(
    'change lines of %s that stand there, or were walked already',
    (path, { replaces, by }) => {
      const lines = read(path).split('\n')
      expect(missingIn(lines, replaces) && missingIn(lines, by)).toBeUndefined()
    },
  )

  it('make files in folders that are there', () => {
    expect([...made].filter((path) => !existsSync(join(root, path, '..')))).toEqual([])
  })

  it('import only what is there or made', () => {
    const missing = edits
      .flatMap((edit) => importsOf('makes' in edit ? edit.makes : edit.by))
      .filter((path) => !made.has(path) && !existsSync(join(root, path)))
    expect(missing).toEqual([])
  })
})

/** The first line of a block that does not follow, in order, among the lines of a file; others may stand between. */
function missingIn(lines: readonly string[], block: string): string | undefined {
  let from = 0
  for (const line of block.trimEnd().split('\n')) {
    const at = lines.indexOf(line, from)
    if (at === -1) return line
    from = at + 1
  }
  return undefined
}

/** The files of ours that a text imports. */
function importsOf(text: string): readonly string[] {
  return [...text.matchAll(/from '#(test\/)?([^']+)'/g)].map(
    ([, test = 'src/', path = '']) => `${test}${path}`,
  )
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}
