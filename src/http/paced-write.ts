import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

/** Writes at the pace of the client: waits until it has taken enough. One that lets it wait for `stallMs` is cut off. */
export async function pacedWrite(
  response: ServerResponse,
  text: string,
  stallMs: number,
): Promise<void> {
  if (text === '' || response.destroyed || response.write(text)) return
  await drained(response, stallMs)
}

/** Waits until nothing waits for the client any more, or it is gone. One that takes longer than `stallMs` is cut off. */
export async function drained(response: ServerResponse, stallMs: number): Promise<void> {
  if (response.destroyed || !response.writableNeedDrain) return
  const done = new AbortController()
  const { signal } = done
  const stalled = setTimeout(() => response.destroy(), stallMs)
  try {
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })])
  } finally {
    clearTimeout(stalled)
    done.abort()
  }
}
