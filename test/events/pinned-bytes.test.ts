import { hash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const folder = import.meta.dirname
const present = globSync('{golden,lifted,shapes}/*.json', { cwd: folder }).toSorted()
const pinned = readFileSync(join(folder, 'pinned.sha256'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => [line.slice(66), line.slice(0, 64)] as const)
const files = new Set(pinned.map(([file]) => file))

/** The list is as `sha256sum` writes it. It is only ever added to. */
describe('golden events, what they are lifted to, and shapes', () => {
  it('are those that were pinned, byte for byte', () => {
    const changed = pinned.filter(([file, digest]) => digestOf(file) !== digest)
    expect(
      changed.map(([file]) => file),
      'These files of test/events were edited or removed. What was stored once is stored for ever: restore them ' +
        '(git checkout). Another shape is a new version with an upcaster and files of its own; a member that may be ' +
        'absent is a file beside the shape, shapes/<type>-v<version>-with-<member>.json. ' +
        'See docs/guides/evolving-events.md.',
    ).toEqual([])
  })

  it('are all pinned, once', () => {
    expect(
      present.filter((file) => !files.has(file)),
      'These files are new. Add their lines, in test/events: sha256sum <file> >> pinned.sha256',
    ).toEqual([])
    expect(files.size).toBe(pinned.length)
  })
})

function digestOf(file: string): string | undefined {
  return present.includes(file) ? hash('sha256', readFileSync(join(folder, file))) : undefined
}
