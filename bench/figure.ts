import { z } from 'zod'

const limit = z.strictObject({ what: z.string(), value: z.number() })

const target = z.strictObject({
  of: z.enum(['value', 'ratio']),
  atLeast: z.number().optional(),
  atMost: z.number().optional(),
})

/** As it stands in a file or comes from a process of its own. */
export const figureSchema = z.strictObject({
  name: z.string(),
  what: z.string(),
  value: z.number(),
  unit: z.string(),
  limit: limit.optional(),
  ratio: z.number().optional(),
  target: target.optional(),
  met: z.boolean().optional(),
})

/**
 * One thing that was measured: a median where it was measured more than once. `limit` is what the same machine does
 * without Daybook, in the same run and in the same unit; `ratio` is value by limit.
 */
export type Figure = z.infer<typeof figureSchema>

export type Target = z.infer<typeof target>

/** What a group measured, or why it could not. */
export const measuredSchema = z.union([
  z.array(figureSchema),
  z.strictObject({ unavailable: z.string() }),
])
export type Measured = readonly Figure[] | { readonly unavailable: string }

/** Adds what follows from the figures: the ratio, and whether the target is met. */
export function judged(figure: Omit<Figure, 'ratio' | 'met'>): Figure {
  const ratio = figure.limit === undefined ? undefined : figure.value / figure.limit.value
  const { target: aim } = figure
  const met = aim === undefined ? undefined : meets(aim.of === 'ratio' ? ratio : figure.value, aim)
  return { ...figure, ...(ratio !== undefined && { ratio }), ...(met !== undefined && { met }) }
}

function meets(
  value: number | undefined,
  { atLeast = -Infinity, atMost = Infinity }: Target,
): boolean {
  return value !== undefined && value >= atLeast && value <= atMost
}
