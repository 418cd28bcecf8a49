import { z } from 'zod'
import { isAmount, isAmountOrZero, isSignedAmount } from '#values/amounts.ts'
import { isAsset } from '#values/assets.ts'
import { isAccountId, isLedgerId, isRevisionId } from '#values/ids.ts'
import { fitsMetadata, inKeyOrder } from '#values/metadata.ts'
import { parseTimestamp } from '#values/timestamps.ts'

/** The members that commands are made of. Amounts fail with `params.amount`, which is answered as `invalid-amount`. */

const postingsMax = 500
const conditionsMax = 100
const postingsCount = `1 to ${postingsMax} postings`
const amountsCount = `1 to ${postingsMax} amounts, one per posting`
const tab = 0x09
const newline = 0x0a

export const ledgerId = z.custom<string>(isLedgerId, 'a ledgerId matches ^[a-z0-9][a-z0-9-]{0,62}$')

export const accountId = z.custom<string>(
  isAccountId,
  'an accountId is segments of A-Z, a-z, 0-9, _ and - joined by colons, at most 256 characters',
)

export const revisionId = z.custom<string>(isRevisionId, 'an id is a decimal revision')

export const asset = z.custom<string>(isAsset, 'an asset is CODE/scale, e.g. USD/2')

const amount = amountWhere(isAmount, 'an amount matches ^[1-9][0-9]{0,30}$')

export const limit = amountWhere(
  isSignedAmount,
  'a limit is an integer in the smallest unit, or null',
).nullable()

const bound = amountWhere(isSignedAmount, 'a bound is an integer in the smallest unit')

/** One amount per posting of the target, "0" for none; something must be left. */
export const amounts = z
  .array(amountWhere(isAmountOrZero, 'an amount here matches ^(0|[1-9][0-9]{0,30})$'))
  .min(1, amountsCount)
  .max(postingsMax, amountsCount)
  .refine((list) => list.some((item) => item !== '0'), {
    error: 'at least one amount is not zero',
    params: { amount: true },
  })

export const timestamp = z.string().transform((value, context) => {
  const parsed = parseTimestamp(value)
  if (parsed !== undefined) return parsed
  context.addIssue({
    code: 'custom',
    message:
      'a time is RFC 3339 with an offset, at most three fraction digits and a day that exists',
  })
  return z.NEVER
})

export const name = text(1, 200)
export const reason = text(1, 500)
const description = text(0, 1000)
const externalReference = z
  .string()
  .regex(/^[\x20-\x7e]{1,255}$/, 'an external reference is 1 to 255 printable ASCII characters')

const metadataKey = text(1, 16 * 1024)
const metadataValue = text(0, 16 * 1024)
const metadataBound = 'metadata has at most 64 keys and 16 KiB'

export const metadata = z
  .record(metadataKey, metadataValue)
  .refine(fitsMetadata, metadataBound)
  .transform(inKeyOrder)

export const metadataChange = z
  .record(metadataKey, metadataValue.nullable())
  .refine(
    (change) => fitsMetadata(withoutNulls(change)) && Object.keys(change).length <= 128,
    metadataBound,
  )

export const postings = z
  .array(z.strictObject({ debit: accountId, credit: accountId, asset, amount }))
  .min(1, postingsCount)
  .max(postingsMax, postingsCount)

export const conditions = z
  .array(
    z.strictObject({
      account: accountId,
      asset,
      available: z
        .strictObject({ gte: bound.optional(), lte: bound.optional() })
        .refine((range) => range.gte !== undefined || range.lte !== undefined, 'gte, lte or both'),
    }),
  )
  .max(conditionsMax, `at most ${conditionsMax} conditions`)

/** What a client may say about a transaction or hold. */
export const particulars = {
  externalReference: externalReference.optional(),
  description: description.optional(),
  metadata: metadata.optional(),
}

function amountWhere(holds: (value: unknown) => boolean, rule: string) {
  return z.custom<string>(holds, {
    params: { amount: true },
    error: ({ input }) =>
      typeof input === 'number' ? `${rule}: send it as a string, JSON numbers lose digits` : rule,
  })
}

/** Lengths count characters (code points). Control characters but tab and newline, and lone surrogates, are refused. */
function text(min: number, max: number) {
  return z
    .string()
    .refine((value) => isClean(value), 'control characters and lone surrogates are not allowed')
    .refine((value) => lengthWithin(value, min, max), `${min} to ${max} characters`)
}

function isClean(value: string): boolean {
  if (!value.isWellFormed()) return false
  for (let index = 0; index < value.length; index += 1) {
    const unit = value.charCodeAt(index)
    if (unit < 0x20 && unit !== tab && unit !== newline) return false
  }
  return true
}

function lengthWithin(value: string, min: number, max: number): boolean {
  if (value.length < min) return false
  if (value.length <= max) return true
  return value.length <= max * 2 && Array.from(value).length <= max
}

function withoutNulls(change: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(change).filter((entry): entry is [string, string] => entry[1] !== null),
  )
}
