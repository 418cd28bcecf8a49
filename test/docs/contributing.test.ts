import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { editsIn } from '#test/docs/walk.ts'

const root = join(import.meta.dirname, '../..')
const edits = editsIn(readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8'))

describe('the walks of CONTRIBUTING.md', () => {
  it('are found by this test', () => {
    expect(edits.length).toBeGreaterThan(30)
  })

  it.each(edits.filter((edit) => 'replaces' in edit).map((edit) => [edit.path, edit.replaces]))(
    'change lines of %s that stand there',
    (path, replaces) => {
      expect(readFileSync(join(root, path), 'utf8')).toContain(replaces)
    },
  )

  it('make only files that are not there, in folders that are', () => {
    const made = edits.filter((edit) => 'makes' in edit).map(({ path }) => path)
    expect(made.filter((path) => existsSync(join(root, path)))).toEqual([])
    expect(made.filter((path) => !existsSync(join(root, path, '..')))).toEqual([])
  })

  it('import in those only what is there or made', () => {
    const known = new Set(edits.map(({ path }) => path))
    const missing = edits
      .flatMap((edit) => ('makes' in edit ? importsOf(edit.makes) : importsOf(edit.by)))
      .filter((path) => !known.has(path) && !existsSync(join(root, path)))
    expect(missing).toEqual([])
  })
})

/** The files of ours that a text imports. */
function importsOf(text: string): readonly string[] {
  return [...text.matchAll(/from '#(test\/)?([^']+)'/g)].map(
    ([, test = 'src/', path = '']) => `${test}${path}`,
  )
}
