import * as fc from 'fast-check'
import { amounts } from '#test/end-to-end/malformed-requests.ts'
import type { Sent } from '#test/support/http-exchange.ts'
import { isJsonObject, type Json, type JsonObject } from '#values/json.ts'

/** A request that would be taken, before it is broken. */
export type ValidRequest = {
  readonly method: 'POST' | 'PATCH'
  readonly path: string
  readonly body: JsonObject
}

/** Numbers from 0 to below 1, the same for the same seed. */
export type Random = () => number

/** mulberry32, public domain. */
export function randomFrom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function oneOf<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new Error('nothing to choose from')
  return item
}

/** Breaks a request in a way that nothing and nobody can take for a command. */
export type Mutation = (request: Sent & { readonly body: JsonObject }, random: Random) => Sent

export const mutations: Readonly<Record<string, Mutation>> = {
  'an unknown member': (request, random) =>
    withBody(
      request,
      insertedInto(request.body, random, [`zz${between(random, 0, 1e6)}`, anyJson(random)]),
    ),
  'another type of value': (request, random) =>
    withBody(request, replaced(request.body, random, notText)),
  'text that is none of its kind': (request, random) =>
    withBody(request, replaced(request.body, random, unclean)),
  'an amount that is none': (request, random) =>
    withText(
      request,
      JSON.stringify(request.body).replace(
        /"amount":"\d+"|^\{/,
        (match) =>
          `${match === '{' ? '{"amount"' : '"amount"'}:${oneOf(random, amounts)}${match === '{' ? ',' : ''}`,
      ),
    ),
  'a cut': (request, random) => {
    const bytes = Buffer.from(JSON.stringify(request.body))
    return withText(request, bytes.subarray(0, between(random, 0, bytes.length - 1)))
  },
  'something after its end': (request, random) =>
    withText(
      request,
      `${JSON.stringify(request.body)}${oneOf(random, ['x', '{}', ',', ']', '\u0000', '//'])}`,
    ),
  'a byte that is no UTF-8': (request, random) => {
    const bytes = Buffer.from(JSON.stringify(request.body))
    const at = between(random, 0, bytes.length)
    const bad = oneOf(random, [
      [0xff],
      [0xc0, 0xaf],
      [0xed, 0xa0, 0x80],
      [0xf5, 0x80, 0x80, 0x80],
      [0x80],
      [0xe2, 0x82],
    ])
    return withText(
      request,
      Buffer.concat([bytes.subarray(0, at), Buffer.from(bad), bytes.subarray(at)]),
    )
  },
  'a byte order mark': (request) => withText(request, `\ufeff${JSON.stringify(request.body)}`),
  'a name twice': (request, random) => {
    const name = oneOf(random, Object.keys(request.body))
    const escaped = `\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}`
    const rest = JSON.stringify(request.body).slice(1)
    return withText(request, `{"${oneOf(random, [name, escaped])}":${anyJson(random)},${rest}`)
  },
  'a name of a prototype': (request, random) =>
    withText(
      request,
      `{"${oneOf(random, ['__proto__', 'constructor', 'prototype'])}":{},${JSON.stringify(request.body).slice(1)}`,
    ),
  'a deep nest': (request, random) => {
    const depth = between(random, 17, 3000)
    return withText(
      request,
      `{"a":${'['.repeat(depth)}${']'.repeat(depth)},${JSON.stringify(request.body).slice(1)}`,
    )
  },
  'any JSON': (request, random) => withText(request, oneOf(random, someJson)),
  'any bytes': (request, random) =>
    withText(
      request,
      Buffer.from(Array.from({ length: between(random, 1, 60) }, () => between(random, 0, 255))),
    ),
  'another media type': (request, random) =>
    withHeaders(request, {
      'content-type': oneOf(random, [
        'text/plain',
        '',
        'application/xml',
        'json',
        'application/json2',
        'multipart/form-data',
        'application/json; charset=utf-16',
      ]),
    }),
  'a coding': (request, random) =>
    withHeaders(request, {
      'content-encoding': oneOf(random, ['gzip', 'br', 'deflate', 'x', 'gzip, identity']),
    }),
  'a key that is none': (request, random) =>
    withHeaders(request, {
      'idempotency-key': oneOf(random, [
        '',
        'x'.repeat(between(random, 256, 2000)),
        'ü',
        'daybook:1',
        `k/${between(random, 0, 99)}`,
      ]),
    }),
  'a correlation that is none': (request, random) =>
    withHeaders(request, { 'correlation-id': oneOf(random, ['', 'ü', 'c'.repeat(200)]) }),
  'a query that is none': (request, random) => ({
    ...request,
    path: `${request.path}?${oneOf(random, ['a=1', 'dryRun=yes', 'dryRun', 'dryRun=true&dryRun=true', 'dryrun=true', '%zz', 'dryRun=%ff', 'limit=1', '=', '__proto__=1'])}`,
  }),
  'another method': (request, random) => ({
    ...request,
    method: oneOf(random, ['PUT', 'DELETE', 'TRACE', 'PROPFIND', 'LOCK']),
  }),
  'a ledger that cannot be': (request, random) => ({
    ...request,
    path: `/v1/ledgers/${oneOf(random, ['UPPER', '%00', '..', '%2e%2e', 'a_b', '-', '%ff', '%', 'a'.repeat(64), 'nowhere'])}/transactions`,
  }),
  'a place that is not there': (request, random) => ({
    ...request,
    path: `${request.path}/${oneOf(random, ['', 'x', '..%2f', '%', '%c0', '0'])}`,
  }),
  'an answer that is not to be had': (request, random) =>
    withHeaders(request, { accept: oneOf(random, ['text/html', 'image/*', 'text/csv', 'x']) }),
}

/** But for an empty object, which captures what remains of a hold. */
const someJson = fc
  .sample(fc.json({ maxDepth: 6 }), { numRuns: 400, seed: 7 })
  .filter((json) => json.trim() !== '{}')

const notText: readonly Json[] = [
  0,
  1,
  -1,
  1.5,
  2 ** 53,
  1e300,
  true,
  false,
  [],
  {},
  [[]],
  ['1'],
  { a: 'b' },
]

const unclean: readonly string[] = [
  '\u0000',
  'a\u0007b',
  '\ud800',
  'x\udfff',
  'y'.repeat(20_000),
  '\u001f',
]

function anyJson(random: Random): string {
  return oneOf(random, someJson)
}

function withText(request: Sent, body: string | Buffer): Sent {
  return { ...request, body }
}

function withBody(request: Sent, body: Json): Sent {
  return { ...request, body: JSON.stringify(body) }
}

function withHeaders(request: Sent, headers: Sent['headers']): Sent {
  return { ...request, headers: { ...request.headers, ...headers } }
}

/** The same with a member more in some object of it. */
function insertedInto(
  value: JsonObject,
  random: Random,
  [name, member]: readonly [string, string],
): JsonObject {
  const inner = Object.entries(value).flatMap(([key, each]) => {
    if (key === 'metadata') return []
    if (isJsonObject(each))
      return [[key, () => insertedInto(each, random, [name, member])] as const]
    if (!isList(each)) return []
    const [first, ...others] = each
    return isJsonObject(first)
      ? [[key, (): Json => [insertedInto(first, random, [name, member]), ...others]] as const]
      : []
  })
  const chosen = random() < 0.5 ? inner[0] : undefined
  return chosen === undefined
    ? { ...value, [name]: member }
    : { ...value, [chosen[0]]: chosen[1]() }
}

/** The same with some text in it replaced. */
function replaced(value: JsonObject, random: Random, by: readonly Json[]): JsonObject {
  const names = Object.keys(value)
  const name = oneOf(random, names)
  return { ...value, [name]: replacedIn(value[name], random, by) }
}

function replacedIn(value: Json | undefined, random: Random, by: readonly Json[]): Json {
  if (isJsonObject(value) && Object.keys(value).length > 0) return replaced(value, random, by)
  if (isList(value) && value.length > 0) {
    const at = between(random, 0, value.length - 1)
    return value.map((item, index) => (index === at ? replacedIn(item, random, by) : item))
  }
  return oneOf(random, by)
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

function between(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1))
}
