import { execFileSync } from 'node:child_process'
import process from 'node:process'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'

/** Encodes records with kafkajs's own encoder, as it is or patched; prints their bytes in hex. In a process of its own. */
const script = `
import { createRequire } from 'node:module'
const require = createRequire(process.argv[1])
if (process.argv[2] === 'patched') (await import(process.argv[3])).patchEncoder()
const Record = require('kafkajs/src/protocol/recordBatch/record/v0')
const records = JSON.parse(process.argv[4])
for (const record of records) console.log(Record(record).buffer.toString('hex'))
`

const root = new URL('../../../', import.meta.url)

function encoded(kind: 'as it is' | 'patched', records: string): string {
  const places = [new URL('package.json', root).pathname, kind]
  const patch = new URL('src/adapters/kafka/encoder-patch.ts', root).href
  const options = ['--input-type=module', '--eval', script, '--']
  return execFileSync(process.execPath, [...options, ...places, patch, records], {
    encoding: 'utf8',
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
  })
}

it('the encoder of kafkajs writes the same bytes in less memory', () => {
  const text = fc.string({ unit: 'binary', maxLength: 600 })
  const record = fc.record({
    offsetDelta: fc.nat(5_000),
    timestampDelta: fc.nat(100_000),
    key: text,
    value: text,
    headers: fc.dictionary(fc.string({ minLength: 1, maxLength: 40 }), text, { maxKeys: 9 }),
  })
  const sample = fc.sample(record, 60)
  const long = { ...sample[0], value: 'x'.repeat(40_000) }
  const exact = [509, 510, 511, 512, 513].map((length) => ({ key: 'k', value: 'y'.repeat(length) }))
  const records = JSON.stringify([...sample, long, ...exact])
  const plain = encoded('as it is', records)
  expect(plain.trimEnd().split('\n')).toHaveLength(66)
  expect(encoded('patched', records)).toBe(plain)
})
