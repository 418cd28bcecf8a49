import type { ModelBuild, ReadModelShape } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

/** The store takes no document of this size. Nothing that was to be committed with it shows. */
export class DocumentTooLarge extends Error {
  override readonly name = 'DocumentTooLarge'
  readonly model: ReadModelShape
  readonly ledgerId: LedgerId

  constructor(model: ModelBuild, ledgerId: LedgerId, id: string) {
    super(`the document ${id} of ${model.name} has become too large to be stored`)
    this.model = model
    this.ledgerId = ledgerId
  }
}

/**
 * The document is none that the store could keep, or find by what its model declares: a bug of whoever made it. Nothing
 * that was to be committed with it shows.
 */
export class DocumentUnfit extends Error {
  override readonly name = 'DocumentUnfit'
  readonly model: ModelBuild
  readonly ledgerId: LedgerId

  constructor(
    model: ModelBuild,
    ledgerId: LedgerId,
    { id, cause }: { id: string; cause: unknown },
  ) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(`the document ${id} of ${model.name} can't be stored: ${why}`, { cause })
    this.model = model
    this.ledgerId = ledgerId
  }
}
