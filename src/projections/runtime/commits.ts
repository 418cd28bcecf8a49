import type { ModelChange } from '#ports/read-models.ts'

/**
 * Packs changes into as few commits as the bound allows. Each list holds the changes of one ledger in one projection,
 * which go into different commits, in their order. A change with more documents than the bound goes alone.
 */
export function commitsOf(
  lists: readonly (readonly ModelChange[])[],
  documentsMax: number,
): readonly (readonly ModelChange[])[] {
  const commits: ModelChange[][] = []
  const longest = Math.max(0, ...lists.map(({ length }) => length))
  for (let place = 0; place < longest; place += 1) {
    let size = Number.POSITIVE_INFINITY
    for (const change of lists.flatMap((list) => list[place] ?? [])) {
      size += change.documents.length
      if (size > documentsMax) {
        commits.push([])
        size = change.documents.length
      }
      commits.at(-1)?.push(change)
    }
  }
  return commits
}
