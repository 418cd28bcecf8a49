import type { BatchOutcome, Outcome } from '#commands/handler/outcome.ts'
import type { MalformedItem } from '#commands/parse-command.ts'

/** An independent batch is replayed where every recorded item was; its revision is the last of its items'. */
export function inSum(items: readonly (Outcome | MalformedItem)[]): BatchOutcome {
  const recorded = items.filter(
    (item): item is Outcome => 'kind' in item && item.revision !== undefined,
  )
  const last = recorded.reduce<bigint | undefined>(
    (max, { revision }) => (max === undefined || (revision ?? -1n) > max ? revision : max),
    undefined,
  )
  return {
    kind: 'batch',
    mode: 'independent',
    items,
    replayed: recorded.length > 0 && recorded.every((item) => item.replayed),
    ...(last !== undefined && { revision: last }),
  }
}
