import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { weightOfMetadata, weightOfText } from '#commands/handler/books/weights.ts'
import { inKeyOrder, type Metadata } from '#values/metadata.ts'

const objects = 400

/** What else goes on in the process may take or give back more than what is measured, but not again and again. */
const measurings = 5

setFlagsFromString('--expose_gc')
const collect: () => void = runInNewContext('gc')

function heap(): number {
  collect()
  return process.memoryUsage().heapUsed
}

/** What so many objects take, read and put in order as commands are, and what they are said to weigh. */
function takenAndWeighed(make: (index: number) => Metadata) {
  const texts = Array.from({ length: objects }, (_, index) => JSON.stringify(make(index)))
  const kept: Metadata[] = []
  const before = heap()
  for (const text of texts) kept.push(inKeyOrder(JSON.parse(text)))
  const taken = heap() - before
  return { taken, weighed: kept.reduce((sum, metadata) => sum + weightOfMetadata(metadata), 0) }
}

function members(count: number, member: (index: number) => readonly [string, string]): Metadata {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => member(index)))
}

describe('what metadata weighs', () => {
  it.each<[string, (index: number) => Metadata]>([
    ['one long text', (at) => ({ text: `${at}`.padEnd(16_000, 'x') })],
    ['one long text that is not Latin-1', (at) => ({ text: `${at}`.padEnd(5_000, '€') })],
    ['a long text with one such character', (at) => ({ text: `€${at}`.padEnd(16_000, 'x') })],
    ['the same members everywhere', (at) => members(64, (n) => [`key ${n}`, `${at} ${n}`])],
    ['members of no other', (at) => members(64, (n) => [`${at} ${n}`, `${n} ${at}`])],
    ['the shortest members of no other', (at) => members(64, (n) => [`${at * 64 + n}`, ''])],
    ['one short member', (at) => ({ [`k${at}`]: 'v' })],
  ])('is no less than it takes: %s', (_, make) => {
    const measured = Array.from({ length: measurings }, () => takenAndWeighed(make))
    const inOrder = measured.toSorted((a, b) => a.taken - b.taken)
    const { taken, weighed } = inOrder[Math.floor(measurings / 2)] ?? { taken: 0, weighed: 0 }
    // What else goes on in the process takes a little.
    expect(weighed).toBeGreaterThan(0.95 * taken - 32_000)
    expect(weighed).toBeLessThan(6 * taken + 32_000)
  })
})

describe('what a text weighs', () => {
  it('is a byte a character, or two where not all are ASCII', () => {
    expect(weightOfText('users:alice')).toBe(11)
    expect(weightOfText('José')).toBe(8)
    expect(weightOfText('€')).toBe(2)
  })
})
