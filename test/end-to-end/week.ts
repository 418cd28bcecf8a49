import { setTimeout as sleep } from 'node:timers/promises'
import type { TestBooks } from '#test/end-to-end/test-books.ts'

/** Noon on that day of a March. */
export const day = (number: number) => `2026-03-0${number}T12:00:00.000Z`

/** A deposit on the 2nd, a payment on the 4th, and, recorded last, one that had been made on the 3rd. */
export async function week(
  books: TestBooks,
): Promise<{ readonly revisions: readonly bigint[]; readonly times: readonly string[] }> {
  const revisions: bigint[] = []
  const times: string[] = []
  for (const [text, effectiveAt, description] of [
    ['bank:cash -> users:alice 1000', day(2), 'deposit'],
    ['users:alice -> users:bob 300', day(4), 'rent'],
    ['users:alice -> fees 5', day(3), 'late, "quoted"; fee'],
  ] as const) {
    const answer = await books.transact(text, { effectiveAt, description })
    revisions.push(answer.revision)
    times.push(answer.string('data', 'recordedAt'))
    await sleep(5)
  }
  return { revisions, times }
}
