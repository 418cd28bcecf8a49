import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { decodeEvent } from '#events/decode.ts'
import { UndecodableEvent } from '#events/lift.ts'
import { transactionPosted } from '#test/support/examples.ts'
import { stored } from '#test/support/stored-events.ts'
import type { JsonObject } from '#values/json.ts'

const { json } = stored(transactionPosted({}, { revision: 7n }))
const whole: JsonObject = JSON.parse(json)

/** The second oracle: what an envelope is, as a schema says it. */
const envelope = z.object({
  id: z.string(),
  type: z.string(),
  schemaVersion: z.int().min(1),
  ledgerId: z.string(),
  revision: z.string().regex(/^(0|[1-9]\d*)$/),
  recordedAt: z.string(),
  actor: z.string(),
  correlationId: z.string(),
  causationId: z.string(),
  writer: z.string(),
  idempotency: z.object({ key: z.string(), fingerprint: z.string() }),
  data: z.custom<JsonObject>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  ),
})

const numbers = [0, 1, 1.5, -1, 2 ** 53, 2 ** 53 - 1, 1e300]
const texts = ['', '0', '7', '07', '-1', '1.0', '1e3', ' 7', '7\n', '٧', `${2n ** 70n}`]
const structures = [
  [],
  {},
  ['key'],
  ['k', 'f'],
  { length: 1 },
  { key: 'k' },
  { key: 1, fingerprint: 'f' },
  { key: null, fingerprint: 'f' },
  { key: 'k', fingerprint: 'f' },
  { key: 'k', fingerprint: 'f', batch: 7 },
]
const odd = fc.oneof(
  fc.constant('absent'),
  fc.constant('as it is'),
  fc.jsonValue({ maxDepth: 2 }),
  fc.nat({ max: numbers.length - 1 }).map((index) => numbers[index]),
  fc.nat({ max: texts.length - 1 }).map((index) => texts[index]),
  fc.nat({ max: structures.length - 1 }).map((index) => structures[index]),
)

it('an envelope is what its schema says, whatever its members are', () => {
  const names = [...Object.keys(envelope.shape), 'seal', '__proto__']
  const name = fc.nat({ max: names.length - 1 }).map((index) => names[index] ?? '')
  const changes = fc.array(fc.tuple(name, odd), { maxLength: 3 })
  const seen = new Set<boolean>()
  fc.assert(
    fc.property(changes, (made) => {
      const text = textWith(made)
      const isOne = envelope.safeParse(JSON.parse(text)).success
      seen.add(isOne)
      expect([text, isRefused(text)]).toEqual([text, !isOne])
    }),
    { numRuns: 5_000 },
  )
  expect(seen.size).toBe(2)
})

/** The event's text with members changed; also a member that no object literal could have. */
function textWith(changes: readonly (readonly [string, unknown])[]): string {
  const members = new Map<string, unknown>(Object.entries(whole))
  for (const [name, value] of changes)
    if (value === 'absent') members.delete(name)
    else if (value !== 'as it is') members.set(name, value)
  const pairs = [...members].map(
    ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
  )
  return `{${pairs.join()}}`
}

/** Whether it is for the envelope; types and versions that nobody knows are refused later. */
function isRefused(text: string): boolean {
  try {
    decodeEvent(text)
    return false
  } catch (error) {
    if (!(error instanceof UndecodableEvent)) throw error
    return error.message === 'a stored event is not an envelope'
  }
}
