import { describe, expect, it } from 'vitest'
import { type Found, take } from '#queries/reading.ts'

type Numbered = { readonly number: string }

/** Pages of one number each, counted down from the first; every one that is read is noted. */
async function* countingDown(
  from: number,
  step: number,
  read: number[],
): AsyncGenerator<readonly Found<Numbered>[]> {
  for (let number = from; number >= 0; number -= step) {
    read.push(number)
    yield [{ id: `${number}`, revision: 0n, document: { number: `${number}` } }]
  }
}

const isRound = ({ number }: Numbered) => Number(number) % 100 === 0

describe('taking from several sources of the same documents', () => {
  it('takes what passes, in order, and costs what the shortest of them does', async () => {
    const [all, tens]: [number[], number[]] = [[], []]
    const sources = [countingDown(1_000, 1, all), countingDown(1_000, 10, tens)]
    const taken = await take(sources, 3, isRound)
    expect(taken.map(({ id }) => id)).toEqual(['1000', '900', '800'])
    expect(tens).toHaveLength(21)
    expect(all).toHaveLength(21)
  })

  it('ends with whichever has no more', async () => {
    const [all, hundreds]: [number[], number[]] = [[], []]
    const sources = [countingDown(100_000, 1, all), countingDown(200, 100, hundreds)]
    const taken = await take(sources, 50, isRound)
    expect(taken.map(({ id }) => id)).toEqual(['200', '100', '0'])
    expect(all.length).toBeLessThan(6)
  })

  it('takes all of the only one, and nothing of none', async () => {
    const taken = await take([countingDown(250, 1, [])], 50, isRound)
    expect(taken.map(({ id }) => id)).toEqual(['200', '100', '0'])
    expect(await take([], 50, isRound)).toEqual([])
  })
})
