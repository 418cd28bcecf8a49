import { describe, expect, it } from 'vitest'
import { UnderWay } from '#commands/handler/under-way.ts'
import { systemPace } from '#ports/pace.ts'

describe('several requests with one key', () => {
  it('have their turns one after the other, also those that waited together', async () => {
    const underWay = new UnderWay(systemPace)
    const seen: string[] = []
    const request = (name: string) =>
      underWay.once('k', async () => {
        seen.push(`${name} begins`)
        await systemPace.turn()
        seen.push(`${name} ends`)
        return name
      })
    expect(await Promise.all(['a', 'b', 'c'].map(request))).toEqual(['a', 'b', 'c'])
    const inTurn = ['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`])
    expect(seen).toEqual(inTurn)
  })

  it('go on after one that failed', async () => {
    const underWay = new UnderWay(systemPace)
    const failing = underWay.once('k', () => Promise.reject(new Error('no')))
    const waiting = underWay.once('k', () => Promise.resolve('done'))
    await expect(failing).rejects.toThrow('no')
    expect(await waiting).toBe('done')
  })
})
