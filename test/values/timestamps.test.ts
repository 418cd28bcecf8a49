import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { epochMsOf, formatTimestamp, parseTimestamp } from '#values/timestamps.ts'

const firstMs = Date.parse('0000-01-01T00:00:00.000Z')
const lastMs = Date.parse('9999-12-31T23:59:59.999Z')
const anyMs = fc.integer({ min: firstMs, max: lastMs })

describe('a time with an offset', () => {
  it.each([
    ['2026-03-01T12:00:00Z', '2026-03-01T12:00:00.000Z'],
    ['2026-03-01t12:00:00z', '2026-03-01T12:00:00.000Z'],
    ['2026-03-01T12:00:00+00:00', '2026-03-01T12:00:00.000Z'],
    ['2026-03-01T12:00:00-00:00', '2026-03-01T12:00:00.000Z'],
    ['2026-03-01T00:30:00+05:45', '2026-02-28T18:45:00.000Z'],
    ['2026-12-31T23:59:59.999-00:01', '2027-01-01T00:00:59.999Z'],
    ['2024-03-01T00:00:00+00:01', '2024-02-29T23:59:00.000Z'],
    ['2026-01-01T00:00:00+23:59', '2025-12-31T00:01:00.000Z'],
    ['2026-01-01T00:00:00-23:59', '2026-01-01T23:59:00.000Z'],
  ])('%s is %s', (text, utc) => {
    expect(parseTimestamp(text)).toBe(utc)
  })

  it.each([
    '2026-03-01T12:00:00+24:00',
    '2026-03-01T12:00:00+01:60',
    '2026-03-01T12:00:00+0100',
    '2026-03-01T12:00:00+01',
    '2026-03-01T12:00:00',
    '2026-03-01T12:00:00 Z',
    '2026-03-01T12:00:00UTC',
  ])('%s is none', (text) => {
    expect(parseTimestamp(text)).toBeUndefined()
  })
})

describe('a fraction', () => {
  it.each([
    ['.5', '.500'],
    ['.05', '.050'],
    ['.007', '.007'],
    ['.999', '.999'],
    ['', '.000'],
  ])('%j is %s', (fraction, digits) => {
    expect(parseTimestamp(`2026-03-01T12:00:00${fraction}Z`)).toBe(`2026-03-01T12:00:00${digits}Z`)
  })

  it.each(['.', '.0000', '.1234', ',5', '.5e1', '.-5'])('%j is none', (fraction) => {
    expect(parseTimestamp(`2026-03-01T12:00:00${fraction}Z`)).toBeUndefined()
  })
})

describe('a day', () => {
  it.each(['2024-02-29', '2000-02-29', '0000-02-29', '2026-01-31', '2026-04-30', '2026-12-31'])(
    'exists: %s',
    (day) => {
      expect(parseTimestamp(`${day}T00:00:00Z`)).toBe(`${day}T00:00:00.000Z`)
    },
  )

  it.each([
    '2026-02-29',
    '1900-02-29',
    '2100-02-29',
    '2026-04-31',
    '2026-00-10',
    '2026-13-10',
    '2026-01-00',
    '2026-01-32',
    '26-01-01',
    '+2026-01-01',
    '-001-01-01',
    '2026-1-1',
  ])('does not exist: %s', (day) => {
    expect(parseTimestamp(`${day}T00:00:00Z`)).toBeUndefined()
  })

  it('exists exactly where a calendar has it', () => {
    for (const year of [0, 4, 100, 400, 1900, 1999, 2000, 2023, 2024, 9999])
      for (let month = 0; month <= 13; month += 1)
        for (let day = 0; day <= 32; day += 1) {
          const text = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T00:00:00.000Z`
          const date = new Date(text)
          const exists = !Number.isNaN(date.getTime()) && date.toISOString() === text
          expect([text, parseTimestamp(text)]).toEqual([text, exists ? text : undefined])
        }
  })
})

describe('a time of day', () => {
  it.each(['24:00:00', '23:60:00', '23:59:60', '1:00:00', '12:00', '12', '-1:00:00'])(
    'does not exist: %s',
    (time) => {
      expect(parseTimestamp(`2026-03-01T${time}Z`)).toBeUndefined()
    },
  )
})

describe('the years', () => {
  it('go from 0000 to 9999, in UTC', () => {
    expect(parseTimestamp('0000-01-01T00:00:00Z')).toBe('0000-01-01T00:00:00.000Z')
    expect(parseTimestamp('0000-01-01T00:00:00+00:01')).toBeUndefined()
    expect(parseTimestamp('9999-12-31T23:59:59.999Z')).toBe('9999-12-31T23:59:59.999Z')
    expect(parseTimestamp('9999-12-31T23:59:59.999-00:01')).toBeUndefined()
    expect(formatTimestamp(firstMs - 1)).toBeUndefined()
    expect(formatTimestamp(lastMs + 1)).toBeUndefined()
  })
})

describe('text that is no time', () => {
  it.each([
    '',
    ' 2026-03-01T12:00:00Z',
    '2026-03-01T12:00:00Z\n',
    '2026-03-01 12:00:00Z',
    '２026-03-01T12:00:00Z',
    '20260301T120000Z',
    'now',
  ])('%j is refused', (text) => {
    expect(parseTimestamp(text)).toBeUndefined()
  })
})

describe('any moment', () => {
  it('is written as Date writes it, and read back', () => {
    fc.assert(
      fc.property(anyMs, (ms) => {
        const text = formatTimestamp(ms) ?? ''
        expect(text).toBe(new Date(ms).toISOString())
        expect(epochMsOf(text)).toBe(ms)
        expect(parseTimestamp(text)).toBe(text)
      }),
    )
  })

  it('sorts as its text does', () => {
    fc.assert(
      fc.property(anyMs, anyMs, (a, b) => {
        const [first = '', second = ''] = [formatTimestamp(a), formatTimestamp(b)]
        expect(Math.sign(a - b)).toBe(first === second ? 0 : first < second ? -1 : 1)
      }),
    )
  })

  it('is the same whatever offset it is written with', () => {
    const inside = fc.integer({ min: firstMs + 86_400_000, max: lastMs - 86_400_000 })
    const offset = fc.integer({ min: -1439, max: 1439 })
    fc.assert(
      fc.property(inside, offset, (ms, minutes) => {
        const local = new Date(ms + minutes * 60_000).toISOString().slice(0, -1)
        const [sign, size] = [minutes < 0 ? '-' : '+', Math.abs(minutes)]
        const text = `${local}${sign}${pad(Math.floor(size / 60), 2)}:${pad(size % 60, 2)}`
        expect(parseTimestamp(text)).toBe(new Date(ms).toISOString())
      }),
    )
  })
})

function pad(value: number, width: number): string {
  return value.toString().padStart(width, '0')
}
