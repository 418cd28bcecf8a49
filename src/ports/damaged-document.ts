import { type ReadModelShape, ReadModelsUnavailable } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

type Place = {
  readonly model: Pick<ReadModelShape, 'name'>
  readonly ledgerId: LedgerId
  readonly id: string
}

/**
 * What is stored of a document is none that the program stored. Whoever folds on from it has to stop there; it is there
 * again once its read model has been rebuilt.
 */
export class DocumentDamaged extends ReadModelsUnavailable {
  readonly id: string

  constructor({ model, ledgerId, id }: Place) {
    super(
      `the document ${id} of ledger ${ledgerId} in ${model.name} is damaged: rebuild ${model.name}`,
    )
    this.id = id
  }
}
