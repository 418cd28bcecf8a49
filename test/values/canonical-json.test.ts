import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '#values/canonical-json.ts'
import type { Json } from '#values/json.ts'

/** The double with these 64 bits. */
function double(bits: string): number {
  return Buffer.from(bits, 'hex').readDoubleBE(0)
}

describe('numbers (RFC 8785 §3.2.2.3)', () => {
  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['3ff0000000000000', '1'],
    ['bff8000000000000', '-1.5'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['000fffffffffffff', '2.225073858507201e-308'],
    ['0010000000000000', '2.2250738585072014e-308'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['433fffffffffffff', '9007199254740991'],
    ['4340000000000000', '9007199254740992'],
    ['4340000000000001', '9007199254740994'],
    ['43e0000000000000', '9223372036854776000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3e7ad7f29abcaf48', '1e-7'],
    ['3fd5555555555555', '0.3333333333333333'],
    ['3fd3333333333334', '0.30000000000000004'],
    ['3fb999999999999a', '0.1'],
    ['40934a4584f4c6e7', '1234.56789'],
    ['40934a4584f4c6e8', '1234.5678900000003'],
  ])('writes the double %s as %s', (bits, text) => {
    expect(canonicalJson(double(bits))).toBe(text)
  })

  it('writes every finite double so that it reads back as itself', () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (value) => {
        const text = canonicalJson(value)
        expect(Number(text)).toBe(value === 0 ? 0 : value)
        expect(text).toMatch(/^-?(0|[1-9]\d*)(\.\d*[1-9])?(e[+-][1-9]\d*)?$/)
      }),
    )
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'refuses %s',
    (value) => {
      expect(() => canonicalJson({ amounts: [value] })).toThrow(TypeError)
    },
  )
})

describe('strings (RFC 8785 §3.2.2.2)', () => {
  it('escapes the controls, by their short names where they have one', () => {
    expect(canonicalJson('\b\t\n\f\r\u0000\u001f')).toBe('"\\b\\t\\n\\f\\r\\u0000\\u001f"')
  })

  it('escapes quotation mark and backslash, not the solidus', () => {
    expect(canonicalJson('"\\/')).toBe('"\\"\\\\/"')
  })

  it('leaves everything else as it is, unnormalised', () => {
    expect(canonicalJson('\u007f€é\u2028𝄞e\u0301')).toBe('"\u007f€é\u2028𝄞e\u0301"')
  })

  it.each(['\ud834', '\udd1e', 'a\udd1e\ud834b'])('refuses a lone surrogate: %j', (text) => {
    expect(() => canonicalJson(text)).toThrow(TypeError)
    expect(() => canonicalJson({ [text]: 1 })).toThrow(TypeError)
  })
})

describe('objects (RFC 8785 §3.2.3)', () => {
  it('are sorted by the UTF-16 units of their names, not by code points or locale', () => {
    const names = ['\ufb33', '𝄞', 'é', 'z', 'Z', 'a', '', '10', '9', '\u00ff', 'aa', '\n']
    const object = Object.fromEntries(names.map((name) => [name, 0]))
    expect(canonicalJson(object)).toBe(
      '{"":0,"\\n":0,"10":0,"9":0,"Z":0,"a":0,"aa":0,"z":0,"é":0,"ÿ":0,"𝄞":0,"\ufb33":0}',
    )
  })

  it('are sorted at every depth; arrays keep their order', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }, 'x', 'a'], a: { f: {}, e: [] } })).toBe(
      '{"a":{"e":[],"f":{}},"b":[{"c":2,"d":1},"x","a"]}',
    )
  })

  it('lose members that are undefined', () => {
    expect(canonicalJson({ b: undefined, a: 1, c: undefined })).toBe('{"a":1}')
    expect(canonicalJson({ b: undefined })).toBe('{}')
  })
})

describe('literals and white space (RFC 8785 §3.2.1, §3.2.2.1)', () => {
  it('are written bare', () => {
    expect(canonicalJson([null, true, false, [], {}])).toBe('[null,true,false,[],{}]')
  })
})

describe('any JSON value', () => {
  const anyJson = fc.jsonValue({ stringUnit: 'binary' })

  it('reads back as itself', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('has one form, whatever the order of its members', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(canonicalJson(turnedRound(value))).toBe(canonicalJson(value))
      }),
    )
  })
})

/** The same value with the members of every object in the opposite order. */
function turnedRound(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => turnedRound(item))
  if (typeof value !== 'object' || value === null) return value
  const members: [string, Json][] = Object.entries(value).map(([name, member]) => [
    name,
    turnedRound(member ?? null),
  ])
  return Object.fromEntries(members.toReversed())
}
