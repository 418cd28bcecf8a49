import type { Condition } from '#ports/read-models.ts'

/** One condition for every field that was asked for. */
export function equal(wanted: Readonly<Record<string, string | undefined>>): Condition[] {
  const conditions: Condition[] = []
  for (const [field, is] of Object.entries(wanted)) {
    if (is !== undefined) conditions.push({ field, is })
  }
  return conditions
}
