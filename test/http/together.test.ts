import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { AnswersTogether } from '#http/together.ts'

/** A response that says in `ended` what it was ended with. */
function aResponse(ended: string[]): ServerResponse {
  const end = (text: string) => void ended.push(text)
  return Object.assign(Object.create(EventEmitter.prototype), { end })
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

describe('answers of one turn of the event loop', () => {
  it('are sent when it ends, in the order in which they were made', async () => {
    const ended: string[] = []
    const together = new AnswersTogether()
    for (const text of ['a', 'b', 'c']) together.end(aResponse(ended), text)
    await Promise.resolve()
    expect(ended).toEqual([])
    await turn()
    expect(ended).toEqual(['a', 'b', 'c'])
  })

  it('do not wait for its end where there are many', async () => {
    const ended: string[] = []
    const together = new AnswersTogether()
    for (let index = 0; index < 130; index += 1) together.end(aResponse(ended), String(index))
    expect(ended).toHaveLength(128)
    await turn()
    expect(ended).toEqual(Array.from({ length: 130 }, (_, index) => String(index)))
  })

  it('do not wait for it where they are long', () => {
    const ended: string[] = []
    const together = new AnswersTogether()
    together.end(aResponse(ended), 'short')
    const long = 'x'.repeat(20_000)
    together.end(aResponse(ended), long)
    expect(ended).toEqual([long])
  })

  it('are sent in later turns, too', async () => {
    const ended: string[] = []
    const together = new AnswersTogether()
    for (const text of ['a', 'b']) {
      together.end(aResponse(ended), text)
      await turn()
    }
    expect(ended).toEqual(['a', 'b'])
  })
})
