import type { LiveModel } from '#projections/runtime/live-models.ts'

/** Told again and again: how many events were read in all. */
export type Read = (events: number) => void

/**
 * Another place on this machine where builds are filled while others are filled here. Each build keeps its own place in
 * the log, so that nothing has to be agreed upon, and one who goes on later may share the work in another way.
 */
export type Lane = {
  /** Which of the models it fills, so that both have about as much to do; none where that isn't worth it. */
  shareOf(models: readonly LiveModel[]): readonly LiveModel[]
  /**
   * As a `Builder` catches up. Resolves to the place of the last recorded act that it knew; undefined: none.
   * @throws what a builder throws, as if it had been here.
   */
  fill(models: readonly LiveModel[], signal: AbortSignal, read: Read): Promise<bigint | undefined>
}

/** Does all works at the same time; where one fails, the others are ended. @throws what failed first. */
export async function atOnce(
  signal: AbortSignal,
  works: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const over = new AbortController()
  const until = AbortSignal.any([signal, over.signal])
  const endingAll = async (work: (signal: AbortSignal) => Promise<void>) => {
    try {
      await work(until)
    } catch (error) {
      over.abort(error)
    }
  }
  await Promise.all(works.map(endingAll))
  over.signal.throwIfAborted()
}

/** For two that read the same log: together they are as far as the one that is behind. */
export function slowerOf(read: Read): readonly [Read, Read] {
  let [one, other] = [0, 0]
  const tell = () => read(Math.min(one, other))
  return [
    (events) => {
      one = events
      tell()
    },
    (events) => {
      other = events
      tell()
    },
  ]
}
