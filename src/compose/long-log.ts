import type { LogReading } from '#compose/stores.ts'

/** Filling read models from so many events takes about a second: beyond it they are built as a whole, which is faster. */
const longLogEvents = 20_000n

/** The last position of a long log; undefined for a shorter one. Only of a log whose positions count its events. */
export async function endOfLongLog(
  store: Pick<LogReading, 'readAll'>,
): Promise<bigint | undefined> {
  const goesOnAfter = async (position: bigint) => (await store.readAll(position, 1)).length > 0
  if (!(await goesOnAfter(longLogEvents))) return undefined
  let [before, end] = [longLogEvents, longLogEvents * 2n]
  while (await goesOnAfter(end)) [before, end] = [end, end * 2n]
  while (end - before > 1n) {
    const middle = (before + end) / 2n
    if (await goesOnAfter(middle)) before = middle
    else end = middle
  }
  return end
}
