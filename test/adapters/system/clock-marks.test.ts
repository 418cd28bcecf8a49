import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openClockMarks } from '#adapters/system/clock-marks.ts'
import { temporaryFolder } from '#test/support/program.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

const mark = {
  wallMs: Date.parse('2026-03-01T12:00:00.123Z'),
  boot: { id: '3b1c8b0e-5a3a-4b7e-9d8e-111111111111', sinceMs: 1_234_560 },
}

/** Marks in a file of a folder of its own, and what is logged of them. */
async function fileOfMarks() {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'clock.json')
  const { logger, lines } = recordingLogger()
  return {
    path,
    lines,
    folder: folder.path,
    open: () => openClockMarks(path, logger),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

describe('the mark of the clock in a file', () => {
  it('is none at first, then the last one that was written', async () => {
    await using file = await fileOfMarks()
    const marks = await file.open()
    expect([marks.last, await marks.read()]).toEqual([undefined, undefined])
    for (const next of [mark, { ...mark, refusedFromMs: mark.wallMs + 1 }, mark]) {
      await marks.write(next)
      expect(await marks.read()).toEqual(next)
      expect((await file.open()).last).toEqual(next)
    }
    expect(await readdir(file.folder)).toEqual(['clock.json'])
    expect((await stat(file.path)).mode & 0o777).toBe(0o600)
    expect(file.lines).toEqual([])
  })

  it('is JSON that a person can read', async () => {
    await using file = await fileOfMarks()
    await (await file.open()).write({ ...mark, refusedFromMs: mark.wallMs + 1 })
    expect(JSON.parse(await readFile(file.path, 'utf8'))).toEqual({
      version: 1,
      believedAt: '2026-03-01T12:00:00.123Z',
      bootId: '3b1c8b0e-5a3a-4b7e-9d8e-111111111111',
      sinceBootMs: 1_234_560,
      refusedFrom: '2026-03-01T12:00:00.124Z',
    })
  })

  it.each([
    ['nothing', ''],
    ['half a mark', '{"version":1,"belie'],
    ['no object', '7'],
    ['another version', '{"version":2,"believedAt":"2026-03-01T12:00:00.123Z"}'],
    ['no time', '{"version":1,"believedAt":"now","bootId":"b","sinceBootMs":1}'],
    ['no boot', '{"version":1,"believedAt":"2026-03-01T12:00:00.123Z","sinceBootMs":1}'],
  ])('of %s is ignored, told, and replaced', async (_, text) => {
    await using file = await fileOfMarks()
    await writeFile(file.path, text)
    const marks = await file.open()
    expect(marks.last).toBeUndefined()
    expect(file.lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'warn: the mark of the clock is ignored',
    ])
    await marks.write(mark)
    expect(await marks.read()).toEqual(mark)
  })

  it('stays whole, and leaves nothing beside it, where it cannot be written', async () => {
    await using file = await fileOfMarks()
    await mkdir(file.path)
    const marks = await file.open()
    expect(marks.last).toBeUndefined()
    await expect(marks.write(mark)).rejects.toThrow()
    expect(await readdir(file.folder)).toEqual(['clock.json'])
    await rm(file.folder, { recursive: true })
    await expect(marks.write(mark)).rejects.toThrow(/ENOENT/)
  })
})
