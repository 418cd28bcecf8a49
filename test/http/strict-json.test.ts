import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { depthMax, parseStrictJson } from '#http/strict-json.ts'

const parse = (text: string) => parseStrictJson(Buffer.from(text))
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

describe('a body that is JSON', () => {
  it.each([
    ['an object', '{"a":"b"}'],
    ['nothing but a string', '"a"'],
    ['white space of every kind', ' \t\r\n{ "a" : [ ] }\n'],
    ['names that only look alike', '{"a":1,"A":1,"a ":1}'],
    ['one name in two objects', '[{"a":1},{"a":{"a":1}}]'],
    ['names that contain refused ones', '{"__proto":1,"constructors":1,"my.prototype":1}'],
    ['refused names as values', '["__proto__","constructor",{"a":"prototype"}]'],
    ['quotes and braces in strings', '{"a":"\\"}{][,:\\\\"}'],
    ['escaped surrogate pairs', '"\\ud83d\\ude00"'],
    ['as deep as it may be', nested(depthMax)],
    ['text outside ASCII', '{"größe":"😀"}'],
  ])('is taken: %s', (_name, text) => {
    expect(parse(text)).toMatchObject({ kind: 'parsed', value: JSON.parse(text) })
  })

  it('is known to have numbers in it, or not', () => {
    expect(parse('{"a":[true,null,"1"]}')).toMatchObject({ hasNumbers: false })
    expect(parse('{"a":[true,-0.5e3]}')).toMatchObject({ hasNumbers: true })
  })
})

describe('a body that JSON.parse would take, or mend', () => {
  it.each([
    ['a name twice', '{"a":1,"a":2}', '/a'],
    ['a name twice, once escaped', '{"a":1,"\\u0061":2}', '/a'],
    ['a name twice, far apart', `{"a":1,${names(40)},"a":2}`, '/a'],
    ['a name twice, deep inside', '{"x":[{},{"y/z":{"a":1,"b":{},"a":2}}]}', '/x/1/y~1z/a'],
    ['an empty name twice', '{"":1,"":2}', '/'],
    ['__proto__', '{"__proto__":{}}', '/__proto__'],
    ['__proto__, escaped', '{"\\u005f_proto__":{}}', '/__proto__'],
    ['constructor', '[{"constructor":{}}]', '/0/constructor'],
    ['prototype', '{"a":{"prototype":1}}', '/a/prototype'],
    ['one level too deep', nested(depthMax + 1), '/0'.repeat(depthMax)],
    ['20,000 levels deep', nested(20_000), '/0'.repeat(depthMax)],
  ])('is refused: %s', (_name, text, pointer) => {
    expect(parse(text)).toMatchObject({ kind: 'malformed', pointer })
  })

  it.each([
    ['nothing at all', Buffer.alloc(0)],
    ['a byte order mark', Buffer.from('\ufeff{}')],
    ['UTF-16', Buffer.from('{}', 'utf16le')],
    ['an overlong form', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['half a character', Buffer.from([0x22, 0xe2, 0x82, 0x22])],
    ['an encoded surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['a byte beyond Unicode', Buffer.from([0x22, 0xf5, 0x80, 0x80, 0x80, 0x22])],
  ])('is refused as bytes: %s', (_name, bytes) => {
    expect(parseStrictJson(bytes)).toMatchObject({ kind: 'malformed' })
  })
})

describe('a body that is no JSON', () => {
  it.each([
    ['white space alone', '  '],
    ['two values', '{}{}'],
    ['a trailing comma', '{"a":1,}'],
    ['a comment', '{/* */}'],
    ['single quotes', "{'a':1}"],
    ['a bare name', '{a:1}'],
    ['an unfinished string', '{"a'],
    ['an unfinished escape in a name', '{"a\\'],
    ['a wrong escape in a name', '{"\\x":1}'],
    ['a control character', '"\n"'],
    ['a leading zero', '[01]'],
    ['NaN', 'NaN'],
    ['brackets that do not match', '[}'],
    ['more closed than opened', '{}]'],
  ])('is refused: %s', (_name, text) => {
    expect(parse(text)).toMatchObject({ kind: 'malformed' })
  })

  it('says where, if that is known', () => {
    expect(parse('{"a":1,}')).toMatchObject({ offset: 7 })
    expect(parse('{"a":1,"a":2}')).toMatchObject({
      offset: 7,
      detail: expect.stringMatching(/ 7$/),
    })
  })
})

describe('any text at all', () => {
  it('is taken exactly if JSON.parse takes it and nothing in it is refused', () => {
    fc.assert(
      fc.property(jsonLike, (text) => {
        const expected = oracle(text)
        const result = parse(text)
        expect(result.kind).toBe(expected === undefined ? 'malformed' : 'parsed')
        if (result.kind === 'parsed') expect(result.value).toEqual(expected?.value)
      }),
      { numRuns: 3_000 },
    )
  })
})

function names(count: number): string {
  return Array.from({ length: count }, (_, index) => `"n${index}":0`).join(',')
}

/** JSON of few names, so that they collide; and the same with some of its characters put elsewhere. */
const name = fc.constantFrom('a', 'b', '', '__proto__', 'constructor', 'prototype', '\\u0061')
const scalar = fc.constantFrom('1', '-0', '1e400', '"a"', '"\\""', 'null', '"{["', '"é"', 'true')
const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(', ')}]`),
    fc
      .array(fc.tuple(name, tie('value')), { maxLength: 4 })
      .map((members) => `{${members.map(([key, item]) => `"${key}":${item}`).join(',')}}`),
    fc
      .tuple(fc.nat(20), tie('value'))
      .map(([depth, item]) => '['.repeat(depth) + item + ']'.repeat(depth)),
  ),
}))
const mangled = fc
  .tuple(value, fc.nat(), fc.constantFrom('', ',', '"', '{', '}', ']', '\\', '1', '\u0000'))
  .map(([text, at, put]) => {
    const place = at % (text.length + 1)
    return text.slice(0, place) + put + text.slice(place + 1)
  })
const jsonLike = fc.oneof(value, mangled, fc.string())

/** Written another way: JSON.parse's reviver cannot see duplicates, so the text is taken apart by a small parser. */
function oracle(text: string): { value: unknown } | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return isAllowed(text) ? { value: parsed } : undefined
  } catch {
    return undefined
  }
}

/** For text that is JSON: splits it into tokens and keeps a list of names for every open container. */
function isAllowed(text: string): boolean {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[[\]{},:]/gs) ?? []
  const open: string[][] = []
  return tokens.every((token, index) => {
    if (/[[{]/.test(token[0] ?? '')) open.push([])
    if (/[\]}]/.test(token[0] ?? '')) open.pop()
    if (tokens[index + 1] !== ':') return open.length <= depthMax
    const key = String(JSON.parse(token))
    const isNew = open.at(-1)?.includes(key) === false
    open.at(-1)?.push(key)
    return isNew && !['__proto__', 'constructor', 'prototype'].includes(key)
  })
}
