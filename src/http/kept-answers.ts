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

type Bounds = Pick<
  HttpLimits,
  'keptAnswersMax' | 'keptBytesMax' | 'keptAnswerBytesMax' | 'askedOnceMax'
>

/** About what an answer takes beside its text and its name. */
const overheadBytes = 500

/** Whoever asks at a longer target is answered anew each time. */
const targetCharactersMax = 1_000

/** Targets, and the room that their answers would have taken. */
type Asked = { readonly targets: Set<string>; bytes: number }

/**
 * Answers by the target that they were asked for at, whole, so that nothing of it has to be read again. Whoever takes one
 * compares its stamp first. Bounded: the one not asked for longest goes. Only what is asked again soon is kept: before
 * answers came in between that would fill all the room there is. So one who reads everything drives out nothing.
 */
export class KeptAnswers {
  readonly #bounds: Bounds
  readonly #answers = new Map<string, KeptAnswer>()
  #late: Asked = { targets: new Set(), bytes: 0 }
  #before: Asked = { targets: new Set(), bytes: 0 }
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

  /** Whether it was answered before, and not too long ago. */
  isAskedAgain(target: string): boolean {
    return (
      this.#answers.has(target) ||
      this.#late.targets.has(target) ||
      this.#before.targets.has(target)
    )
  }

  /** Remembers that it was answered. */
  note(target: string, text: string): void {
    if (target.length > targetCharactersMax) return
    const { askedOnceMax, keptBytesMax } = this.#bounds
    this.#late.targets.add(target)
    this.#late.bytes += bytesOf(target, text)
    if (2 * this.#late.targets.size < askedOnceMax && 2 * this.#late.bytes < keptBytesMax) return
    this.#before = this.#late
    this.#late = { targets: new Set(), bytes: 0 }
  }

  keep(target: string, answer: KeptAnswer): void {
    this.#forget(target)
    const bytes = bytesOf(target, answer.text)
    if (bytes > this.#bounds.keptAnswerBytesMax) return
    this.#answers.set(target, answer)
    this.#bytes += bytes
    while (this.#isFull()) {
      const [oldest = target] = this.#answers.keys()
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
    this.#bytes -= bytesOf(target, kept.text)
  }
}

/** At two bytes a character, the most that a string takes. */
function bytesOf(target: string, text: string): number {
  return 2 * (target.length + text.length) + overheadBytes
}
