import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { playTour, tourSteps } from '../examples/tour.ts'

const root = new URL('..', import.meta.url).pathname
const readme = readFileSync(join(root, 'README.md'), 'utf8')

describe('the five-minute tour of the README', () => {
  it('has every part of the story', () => {
    expect(tourSteps(readme)).toHaveLength(12)
  })

  it('answers what the README says, step by step', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'daybook-tour-'))
    const program = spawn(process.execPath, ['src/main.ts', 'start'], {
      cwd: root,
      env: { ...process.env, DAYBOOK_DATA: folder, DAYBOOK_PORT: '0', DAYBOOK_LOG_FORMAT: 'json' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const url = await listeningUrl(program.stdout)
      const results = await playTour(tourSteps(readme), { url, ledgerId: 'tour' })
      expect(results.filter(({ right }) => !right)).toEqual([])
    } finally {
      const exited = once(program, 'exit')
      program.kill('SIGTERM')
      expect(await exited).toEqual([0, null])
      rmSync(folder, { recursive: true })
    }
  })

  it('notices an answer that is not what the README says', async () => {
    const steps = [{ commands: 'echo \'{"data":1}\'', answer: '{"data":2}', isJson: true }]
    const [result] = await playTour(steps, { url: 'http://127.0.0.1:1', ledgerId: 'tour' })
    expect(result?.right).toBe(false)
  })
})

describe('a demo that is asked for what it does not know', () => {
  it.each([['--what'], ['wallet']])('says so of %s, with its usage, and exits with 2', (word) => {
    const { status, stderr } = spawnSync(process.execPath, ['examples/demo.ts', word], {
      cwd: root,
      encoding: 'utf8',
    })
    expect([status, stderr.split('\n')[0]]).toEqual([2, expect.stringContaining(word)])
    expect(stderr).toContain('usage: npm run demo')
  })
})

async function listeningUrl(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface(output)) {
    const url = /listening on (http:[^"\s]+)/.exec(line)?.[1]
    if (url === undefined) continue
    output.resume()
    return url
  }
  throw new Error('the program ended before it listened')
}
