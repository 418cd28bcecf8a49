import { ReadModelsUnavailable } from '#ports/read-models.ts'

/**
 * What is stored of a document is none that the program stored. Whoever folds on from it has to stop there; it is there
 * again once its read model has been rebuilt.
 */
export class DocumentDamaged extends ReadModelsUnavailable {
  readonly id: string

  constructor(id: string) {
    super(`the stored document ${id} is damaged: rebuild the read model`)
    this.id = id
  }
}
