import { hash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const folder = import.meta.dirname
const present = globSync('golden/*.json', { cwd: folder }).toSorted()
const pinned = new Map(
  readFileSync(join(folder, 'golden.sha256'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => [line.slice(66), line.slice(0, 64)]),
)

/** The list is as `sha256sum` writes it. It is only ever added to. */
describe('the golden files', () => {
  it('are those that were pinned, byte for byte', () => {
    const changed = [...pinned].filter(([file, digest]) => digestOf(file) !== digest)
    expect(
      changed.map(([file]) => file),
      'These golden files were edited or removed. What was stored once is stored for ever: restore them ' +
        '(git checkout), raise the version of the type, write an upcaster, and pin the new shape in a file of its own',
    ).toEqual([])
  })

  it('are all pinned', () => {
    expect(
      present.filter((file) => !pinned.has(file)),
      'These golden files are new. Add their lines, in test/events: sha256sum golden/<file> >> golden.sha256',
    ).toEqual([])
  })
})

function digestOf(file: string): string | undefined {
  return present.includes(file) ? hash('sha256', readFileSync(join(folder, file))) : undefined
}
