import type { Checkpoint, ReadModelShape, ReadModelWriter } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'
import { eachBounded } from '#projections/runtime/each-bounded.ts'
import type { ProjectorLimits } from '#projections/runtime/limits.ts'

/** How far one ledger has come in one read model, as far as this process knows. */
type Progress = {
  checkpoint: Checkpoint | undefined
  known: boolean
  /** The poison event that this process has already tried in vain. */
  triedInVain: bigint | undefined
}

/** Remembers checkpoints. Being wrong costs a refused commit and a second read, never a wrong model. */
export class CheckpointCache {
  readonly #writer: Pick<ReadModelWriter, 'checkpoint'>
  readonly #models: readonly ReadModelShape[]
  readonly #limits: ProjectorLimits
  readonly #ledgers = new Map<LedgerId, ReadonlyMap<ReadModelShape, Progress>>()

  constructor(
    writer: Pick<ReadModelWriter, 'checkpoint'>,
    models: readonly ReadModelShape[],
    limits: ProjectorLimits,
  ) {
    this.#writer = writer
    this.#models = models
    this.#limits = limits
  }

  /** Reads what isn't known of these ledgers. */
  async ensure(ledgerIds: readonly LedgerId[]): Promise<void> {
    const unknown = ledgerIds.flatMap((ledgerId) =>
      this.#models
        .map((model) => ({ ledgerId, model, progress: this.#of(model, ledgerId) }))
        .filter(({ progress }) => !progress.known),
    )
    await eachBounded(unknown, this.#limits.concurrentReads, async (item) => {
      item.progress.checkpoint = await this.#writer.checkpoint(item.model, item.ledgerId)
      item.progress.known = true
    })
  }

  checkpoint(model: ReadModelShape, ledgerId: LedgerId): Checkpoint | undefined {
    return this.#of(model, ledgerId).checkpoint
  }

  /** Whether the ledger stands still in this projection: parked, and tried again since this process began. */
  isWaiting(model: ReadModelShape, ledgerId: LedgerId): boolean {
    const { checkpoint, triedInVain } = this.#of(model, ledgerId)
    return checkpoint?.parked !== undefined && checkpoint.parked.revision === triedInVain
  }

  /** Takes note of a checkpoint that this process stored. */
  moved(model: ReadModelShape, ledgerId: LedgerId, checkpoint: Checkpoint): void {
    const progress = this.#of(model, ledgerId)
    progress.checkpoint = checkpoint
    progress.known = true
    progress.triedInVain = checkpoint.parked?.revision
  }

  /** Makes the next use read the ledger's checkpoints again. */
  forget(ledgerId: LedgerId): void {
    for (const progress of this.#ledgers.get(ledgerId)?.values() ?? []) progress.known = false
  }

  /** Makes the next use read the ledger's checkpoints again, and try again where it is parked. */
  allowRetry(ledgerId: LedgerId): void {
    this.#ledgers.delete(ledgerId)
  }

  /** Drops the ledgers not used for longest where too many are remembered. Not during a batch. */
  trim(): void {
    for (const ledgerId of this.#ledgers.keys()) {
      if (this.#ledgers.size <= this.#limits.rememberedLedgers) return
      this.#ledgers.delete(ledgerId)
    }
  }

  /** Marks the ledgers as used last. */
  touch(ledgerIds: readonly LedgerId[]): void {
    for (const ledgerId of ledgerIds) {
      const known = this.#ledgers.get(ledgerId)
      if (known === undefined) continue
      this.#ledgers.delete(ledgerId)
      this.#ledgers.set(ledgerId, known)
    }
  }

  #of(model: ReadModelShape, ledgerId: LedgerId): Progress {
    const found = this.#ledgers.get(ledgerId)?.get(model)
    if (found !== undefined) return found
    const fresh = new Map(
      this.#models.map((each): [ReadModelShape, Progress] => [
        each,
        { checkpoint: undefined, known: false, triedInVain: undefined },
      ]),
    )
    this.#ledgers.set(ledgerId, fresh)
    const progress = fresh.get(model)
    if (progress === undefined) throw new Error(`${model.name} is not one of this projector's`)
    return progress
  }
}
