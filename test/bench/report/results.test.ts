import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { markdownOf } from '#bench/report/markdown.ts'
import { plotOf } from '#bench/report/plot.ts'
import { readResults } from '#bench/report/results.ts'
import { writeResults } from '#bench/report/write.ts'
import { met, missed, result } from '#test/bench/example-results.ts'

const root = mkdtempSync(join(tmpdir(), 'daybook-bench-results-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('writing what some groups measured', () => {
  it('keeps the others with their own dates, and makes page and plot of all', async () => {
    await mkdir(join(root, 'bench'))
    await mkdir(join(root, 'docs'))
    writeResults(root, { single: result([met]), visible: result([missed]) })
    const later = result([{ ...met, value: 14_000 }], { date: '2026-02-03T04:05:06.000Z' })
    writeResults(root, { single: later })
    const results = readResults(join(root, 'bench/results.json'))
    expect(results.groups).toEqual({ single: later, visible: result([missed]) })
    expect(await readFile(join(root, 'docs/benchmarks.md'), 'utf8')).toBe(markdownOf(results))
    expect(await readFile(join(root, 'docs/benchmarks.svg'), 'utf8')).toBe(plotOf(results))
  })

  it('keeps what was measured long until it is measured long again', () => {
    const long = { settings: { seconds: 5, rounds: 3, long: true } }
    writeResults(root, { flat: result([met, missed], long) })
    expect(writeResults(root, { flat: result([met]), single: result([missed]) })).toEqual({
      kept: ['flat'],
    })
    const { groups } = readResults(join(root, 'bench/results.json'))
    expect([groups['flat'], groups['single']]).toEqual([
      result([met, missed], long),
      result([missed]),
    ])
    expect(writeResults(root, { flat: result([missed], long) })).toEqual({ kept: [] })
    expect(readResults(join(root, 'bench/results.json')).groups['flat']?.measured).toEqual([missed])
  })

  it('begins with none where there is no file', () => {
    expect(readResults(join(root, 'nothing.json')).groups).toEqual({})
  })
})
