import { expect } from 'vitest'
import type { Answer } from '#test/support/http-exchange.ts'

/** The second is the first answer again, and says so. */
export function expectReplay(first: Answer, again: Answer): void {
  expect(again.headers['idempotency-replayed']).toBe('true')
  expect(first.headers['idempotency-replayed']).toBeUndefined()
  expect(again.status).toBe(first.status)
  expect(again.headers['ledger-revision']).toBe(first.headers['ledger-revision'])
  expect(bare(again)).toBe(bare(first))
}

/** The body but for what is the request's own. */
export function bare(answer: Answer): string {
  return answer.text.replace(/"(requestId|instance)":"[^"]*",?/g, '')
}
