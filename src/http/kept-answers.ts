import type { HttpLimits } from '#http/parts.ts'
import type { Stamp } from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

/** An answer as it is sent. `stamp` is of what it was made of. */
export type KeptAnswer = {
  readonly ledgerId: LedgerId | undefined
  readonly stamp: Stamp
  readonly text: string
  readonly revision: bigint | undefined
}

type Bounds = Pick<HttpLimits, 'keptAnswersMax' | 'keptBytesMax' | 'keptAnswerBytesMax'>

/** About what an answer takes beside its text and its name. */
const overheadBytes = 500

/**
 * Answers by the target that they were asked for at, whole, so that nothing of it has to be read again. Whoever takes one
 * compares its stamp first. Bounded: the one not asked for longest goes.
 */
export class KeptAnswers {
  readonly #bounds: Bounds
  readonly #answers = new Map<string, KeptAnswer>()
  #bytes = 0

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  of(target: string): KeptAnswer | undefined {
    const kept = this.#answers.get(target)
    if (kept === undefined) return undefined
    // A map goes from what was put in first to what was last.
    this.#answers.delete(target)
    this.#answers.set(target, kept)
    return kept
  }

  keep(target: string, answer: KeptAnswer): void {
    this.#forget(target)
    const bytes = bytesOf(target, answer)
    if (bytes > this.#bounds.keptAnswerBytesMax) return
    this.#answers.set(target, answer)
    this.#bytes += bytes
    for (const oldest of this.#answers.keys()) {
      if (!this.#isFull()) break
      this.#forget(oldest)
    }
  }

  #isFull(): boolean {
    const { keptAnswersMax, keptBytesMax } = this.#bounds
    return this.#answers.size > keptAnswersMax || this.#bytes > keptBytesMax
  }

  #forget(target: string): void {
    const kept = this.#answers.get(target)
    if (kept === undefined) return
    this.#answers.delete(target)
    this.#bytes -= bytesOf(target, kept)
  }
}

/** At two bytes a character, the most that a string takes. */
function bytesOf(target: string, { text }: KeptAnswer): number {
  return 2 * (target.length + text.length) + overheadBytes
}
