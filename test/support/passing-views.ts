import {
  type ModelBuild,
  type ReadModels,
  type ReadView,
  ReadViewOutdated,
} from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

/** The read models, of which each view of a ledger has other methods as well or instead. */
function withViews<Models extends ReadModels>(
  readModels: Models,
  others: (view: ReadView, ledgerId: LedgerId | undefined) => Partial<ReadView>,
): Models {
  return {
    ...readModels,
    async view(ledgerId) {
      const view = await readModels.view(ledgerId)
      return { ...view, ...others(view, ledgerId) }
    },
  }
}

/** The read models, of which every reading of documents is told to `before`, which may throw. */
export function watchedViews<Models extends ReadModels>(
  readModels: Models,
  before: (model: ModelBuild, ledgerId: LedgerId | undefined) => void,
): Models {
  return withViews(readModels, (view, ledgerId) => ({
    async get(model, id) {
      before(model, ledgerId)
      return view.get(model, id)
    },
    async find(model, find) {
      before(model, ledgerId)
      return view.find(model, find)
    },
  }))
}

/**
 * The read models, of which a view is outdated by the time it is read, as often as `passes` says so: it is asked at every
 * reading of a ledger's documents.
 */
export function passingViews<Models extends ReadModels>(
  readModels: Models,
  passes: (ledgerId: LedgerId | undefined) => boolean,
): Models {
  return watchedViews(readModels, (_model, ledgerId) => {
    if (passes(ledgerId)) throw new ReadViewOutdated('the read models of this test moved on')
  })
}

/** The read models as if a second document were stored under one of their ids. */
export function repeatedIn<Models extends ReadModels>(
  readModels: Models,
  repeated: string,
): Models {
  return withViews(readModels, (view) => ({
    async find(model, find) {
      const found = await view.find(model, find)
      const twice = found.flatMap((each) => (each.id === repeated ? [each, each] : [each]))
      return twice.slice(0, find.limit)
    },
  }))
}

/** True so many times, then false. */
export function times(count: number): () => boolean {
  let left = count
  return () => left-- > 0
}
