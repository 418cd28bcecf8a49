/** Does the work on every item, at most `width` at once; results in the items' order. The first error is thrown. */
export async function eachBounded<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (let start = 0; start < items.length; start += width) {
    const slice = items.slice(start, start + width)
    results.push(...(await Promise.all(slice.map(work))))
  }
  return results
}
