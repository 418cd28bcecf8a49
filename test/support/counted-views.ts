import type { ReadModels } from '#ports/read-models.ts'

/** The read models, and how many views of them have been opened. */
export function countedViews<Models extends ReadModels>(
  readModels: Models,
): { readonly readModels: Models; readonly opened: () => number } {
  let opened = 0
  const counted = {
    ...readModels,
    view: (ledgerId: string | undefined) => {
      opened += 1
      return readModels.view(ledgerId)
    },
  }
  return { readModels: counted, opened: () => opened }
}
