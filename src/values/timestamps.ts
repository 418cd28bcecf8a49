/** A moment in UTC as it is stored and sent: `YYYY-MM-DDTHH:MM:SS.sssZ`. Strings of this form compare as the moments do. */
export type Timestamp = string

const pattern =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/

const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const minuteMs = 60_000
const dayMs = 86_400_000

/**
 * Reads RFC 3339 with any offset, at most three fraction digits and a day that exists (no leap seconds).
 * Undefined where the text is anything else, or leaves the years 0000 to 9999 once in UTC.
 */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const part = (index: number) => Number(match[index] ?? 0)
  const days = dayNumber(part(1), part(2), part(3))
  const timeMs = timeOfDayMs(part(4), part(5), part(6))
  const offset = offsetMinutes(match[8], part(9), part(10))
  if (days === undefined || timeMs === undefined || offset === undefined) return undefined
  const fractionMs = Number((match[7] ?? '').padEnd(3, '0'))
  return formatTimestamp(days * dayMs + timeMs + fractionMs - offset * minuteMs)
}

/** Writes milliseconds since 1970-01-01T00:00:00Z. Undefined outside the years 0000 to 9999. */
export function formatTimestamp(epochMs: number): Timestamp | undefined {
  const days = Math.floor(epochMs / dayMs)
  const rest = epochMs - days * dayMs
  const { year, month, day } = civilFromDays(days)
  if (year < 0 || year > 9999) return undefined
  const [hour, minute] = [Math.floor(rest / 3_600_000), Math.floor(rest / minuteMs) % 60]
  const [second, fraction] = [Math.floor(rest / 1000) % 60, rest % 1000]
  const date = `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}`
  return `${date}T${digits(hour, 2)}:${digits(minute, 2)}:${digits(second, 2)}.${digits(fraction, 3)}Z`
}

/** Milliseconds since 1970-01-01T00:00:00Z of a timestamp in the stored form. */
export function epochMsOf(timestamp: Timestamp): number {
  const part = (from: number, to: number) => Number(timestamp.slice(from, to))
  const days = daysFromCivil(part(0, 4), part(5, 7), part(8, 10))
  return (
    days * dayMs +
    part(11, 13) * 3_600_000 +
    part(14, 16) * minuteMs +
    part(17, 19) * 1000 +
    part(20, 23)
  )
}

function dayNumber(year: number, month: number, day: number): number | undefined {
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined
  return daysFromCivil(year, month, day)
}

function timeOfDayMs(hour: number, minute: number, second: number): number | undefined {
  if (hour > 23 || minute > 59 || second > 59) return undefined
  return (hour * 60 + minute) * minuteMs + second * 1000
}

function offsetMinutes(
  sign: string | undefined,
  hours: number,
  minutes: number,
): number | undefined {
  if (hours > 23 || minutes > 59) return undefined
  const total = hours * 60 + minutes
  return sign === '-' ? -total : total
}

function daysInMonth(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return month === 2 && leap ? 29 : (monthLengths[month - 1] ?? 0)
}

/** Days since 1970-01-01 in the proleptic Gregorian calendar, counted in eras of 400 years that begin in March. */
function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

function digits(value: number, width: number): string {
  return value.toString().padStart(width, '0')
}
