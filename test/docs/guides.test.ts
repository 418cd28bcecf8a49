import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { playTour, tourSteps } from '../../examples/tour.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'

/** In the order in which they are read: the later ones ask about what the first one booked. */
const guides = ['getting-started', 'auditing', 'operating']
const backups = '/var/backups/daybook'
const playMsMax = 120_000

describe('the guides', () => {
  it('answer what they say, step by step', { timeout: playMsMax }, async () => {
    await using folder = await temporaryFolder()
    await using program = await startProgram(folder.path)
    process.env['DAYBOOK_DATA'] = join(folder.path, 'data')
    for (const guide of guides) {
      const steps = stepsOf(guide)
      expect(steps.length).toBeGreaterThan(1)
      const there = steps.map((step) => inFolder(step, folder.path))
      const results = await playTour(there, { url: program.url, ledgerId: 'not-in-the-guides' })
      expect(results.filter(({ right }) => !right)).toEqual([])
    }
    expect((await program.stop()).code).toBe(0)
  })
})

type Steps = ReturnType<typeof tourSteps>

function stepsOf(guide: string): Steps {
  const path = join(import.meta.dirname, '../../docs/guides', `${guide}.md`)
  return tourSteps(readFileSync(path, 'utf8'))
}

function inFolder(step: Steps[number], folder: string): Steps[number] {
  const moved = (text: string) => text.replaceAll(backups, join(folder, 'backups'))
  return { ...step, commands: moved(step.commands), answer: moved(step.answer) }
}
