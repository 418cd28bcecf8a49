import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/guides/failures.md'), 'utf8')
const named = new Set(testsIn(page))
const [, oneMachine = ''] = /\n## One machine\n([^]*?)\n## /.exec(page) ?? []

/** They test what the tests of faults stand on. */
const others = new Set(['history-checker.test.ts'])

/** What one machine has to survive, each by the name that the page and a test's title have for it. */
const faults = [
  'kill at any durable step',
  'kill of a rebuild',
  'response lost after commit',
  'fsync error',
  'slow fsync',
  'disk full',
  'torn WAL tail',
  'flipped WAL tail',
  'bit flip in an old page',
  'poison event',
  'back 1 h',
  'forward 1 y',
  'two processes',
  'slow SSE client',
  'slowloris',
  '10 MB bodies',
  '20,000-deep JSON',
  '100,000 postings',
  'invalid UTF-8',
  'duplicate keys',
  'lone surrogate',
  'amounts around 2^53',
  'amounts around 2^63',
  'amounts around 10^31',
  'oversized headers',
  'smuggling',
  'a log that nobody reads',
  'SIGTERM under load',
  'unhandled rejection',
]

describe('how it behaves under failure', () => {
  it('names tests that are there', () => {
    expect(named.size).toBeGreaterThan(20)
    expect([...named].filter((name) => !existsSync(pathOf(name)))).toEqual([])
  })

  it('names every test of a fault', () => {
    const all = readdirSync(join(root, 'test/faults')).filter((name) => name.endsWith('.test.ts'))
    expect(all.filter((name) => !named.has(name) && !others.has(name))).toEqual([])
  })

  it.each(faults)('has a row for %s, one of whose tests says that name', (fault) => {
    const row = oneMachine.split('\n').find((line) => line.split(' | ')[0]?.includes(fault)) ?? ''
    const tests = testsIn(row).map((name) => readFileSync(pathOf(name), 'utf8'))
    expect(tests.flatMap(textsIn).filter((text) => text.includes(fault))).not.toEqual([])
  })
})

function testsIn(markdown: string): readonly string[] {
  return [...markdown.matchAll(/`([\w/-]+\.test\.ts)`/g)].map(([, name = '']) => name)
}

function pathOf(test: string): string {
  return join(root, 'test', test.includes('/') ? test : `faults/${test}`)
}

/** Titles, and what tables put into them; no comments. */
function textsIn(test: string): readonly string[] {
  return test.replaceAll(/\/\/.*|\/\*[^]*?\*\//g, '').match(/'[^'\n]*'|"[^"\n]*"|`[^`]*`/g) ?? []
}
