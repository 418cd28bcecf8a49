import { z } from 'zod'
import { isAsset } from '#values/assets.ts'
import { isAccountId, isLedgerId, isRevisionId } from '#values/ids.ts'
import { parseTimestamp } from '#values/timestamps.ts'

/** The members that questions are made of. Each arrives as one string, out of the path or the query string. */

export const aLedgerId = z.custom<string>(
  isLedgerId,
  'a ledgerId matches ^[a-z0-9][a-z0-9-]{0,62}$',
)

export const anAccountId = z.custom<string>(
  isAccountId,
  'an accountId is segments of A-Z, a-z, 0-9, _ and - joined by colons, at most 256 characters',
)

export const anAccountPrefix = z
  .string()
  .regex(/^[A-Za-z0-9_:-]{0,256}$/, 'a prefix is the beginning of an accountId')

export const aRevisionId = z.custom<string>(isRevisionId, 'an id is a decimal revision')

export const anAsset = z.custom<string>(isAsset, 'an asset is CODE/scale, e.g. USD/2')

export const printableText = z
  .string()
  .regex(/^[\x20-\x7e]{1,255}$/, 'this is 1 to 255 printable ASCII characters')

const aTime = z.string().transform((text, context) => {
  const parsed = parseTimestamp(text)
  if (parsed !== undefined) return parsed
  context.addIssue({
    code: 'custom',
    message:
      'a time is RFC 3339 with an offset, at most three fraction digits and a day that exists',
  })
  return z.NEVER
})

/** Narrows a list to a span of time: `from` inclusive, `to` exclusive. */
export const span = { from: aTime.optional(), to: aTime.optional() }

/** Two clocks; see `oneRecordClock`, which belongs to them. */
export const clocks = {
  effectiveAt: aTime.optional(),
  recordedAt: aTime.optional(),
  atRevision: aRevisionId.optional(),
}

export type Span = { readonly from?: string | undefined; readonly to?: string | undefined }

export type Clocks = {
  readonly effectiveAt?: string | undefined
  readonly recordedAt?: string | undefined
  readonly atRevision?: string | undefined
}

/** `atRevision` and `recordedAt` name the same clock. */
export function oneRecordClock({ recordedAt, atRevision }: Clocks): boolean {
  return recordedAt === undefined || atRevision === undefined
}

export const oneRecordClockRule = {
  error: 'atRevision stands in place of recordedAt: send one of them',
  path: ['atRevision'],
}

/** Whether a time lies in the span. */
export function within({ from, to }: Span, time: string): boolean {
  return (from === undefined || from <= time) && (to === undefined || time < to)
}
