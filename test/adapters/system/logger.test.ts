import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const child = fileURLToPath(new URL('./logger-lines.ts', import.meta.url))
const line = z.looseObject({ level: z.string(), msg: z.string(), role: z.string().optional() })

describe('the logger', () => {
  it('writes a JSON object per line, at its level and above, also from worker threads', () => {
    const { stdout, stderr } = run('json')
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((text) => line.parse(JSON.parse(text)))
    expect(lines.map(({ level, role, msg }) => [level, role, msg])).toEqual([
      ['info', 'main', 'a revision'],
      ['error', 'main', 'an error'],
      ['info', 'worker', 'a revision'],
      ['error', 'worker', 'an error'],
    ])
    expect(line.parse(JSON.parse(stderr)).msg).toBe('to the other descriptor')
  })

  it('writes revisions exactly, and errors with their stack and cause', () => {
    const { stdout } = run('json')
    expect(stdout).toContain('"revision":9007199254740993')
    expect(stdout).toMatch(/"message":"not stored","stack":"Error: not stored.*the disk is full/)
  })

  it('writes for people on request', () => {
    expect(run('pretty').stdout).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: a revision\n/)
  })
})

function run(format: 'json' | 'pretty'): { stdout: string; stderr: string } {
  return spawnSync(process.execPath, [child, format], { encoding: 'utf8' })
}
