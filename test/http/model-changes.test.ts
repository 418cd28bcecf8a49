import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ModelChanges } from '#http/model-changes.ts'
import { waitFor } from '#http/waiting.ts'

const clock = { now: () => Date.now(), monotonic: () => performance.now() }

/** Read models of which only the stamp is looked at. */
function models() {
  const state = { stamp: '1', looks: 0, failing: false }
  const stamp = async () => {
    state.looks += 1
    if (state.failing) throw new Error('the file is gone')
    return state.stamp
  }
  return { state, changes: new ModelChanges({ stamp }, clock) }
}

function inMs(ms: number): number {
  return clock.monotonic() + ms
}

async function markOf(changes: ModelChanges): Promise<string> {
  const mark = await changes.mark()
  if (mark === undefined) throw new Error('there is no mark')
  return mark
}

describe('who waits for the read models to change', () => {
  it('is woken by a change, with all others, and looks are shared', async () => {
    const { state, changes } = models()
    const mark = await markOf(changes)
    const waiting = Array.from({ length: 500 }, () => changes.since(mark, inMs(10_000)))
    await sleep(100)
    expect(state.looks).toBeLessThan(100)
    state.stamp = '2'
    await Promise.all(waiting)
  })

  it('is woken by a change that came before it began to wait', async () => {
    const { state, changes } = models()
    const mark = await markOf(changes)
    state.stamp = '2'
    await changes.since(mark, inMs(10_000))
  })

  it('is woken at its own deadline, and no one else is', async () => {
    const { state, changes } = models()
    const mark = await markOf(changes)
    let isWoken = false
    const late = changes.since(mark, inMs(10_000)).then(() => (isWoken = true))
    const begunMs = clock.monotonic()
    await changes.since(mark, inMs(50))
    expect(clock.monotonic() - begunMs).toBeGreaterThanOrEqual(49)
    expect(isWoken).toBe(false)
    state.stamp = '2'
    await late
  })

  it('is woken where the models can be read no more', async () => {
    const { state, changes } = models()
    const mark = await markOf(changes)
    state.failing = true
    await changes.since(mark, inMs(10_000))
  })

  it('costs nothing once nobody waits', async () => {
    const { state, changes } = models()
    const mark = await markOf(changes)
    state.stamp = '2'
    await changes.since(mark, inMs(10_000))
    await sleep(20)
    const { looks } = state
    await sleep(50)
    expect(state.looks).toBe(looks)
  })
})

describe('an attempt that comes too early', () => {
  it('is made again at a change, and not before', async () => {
    const { state, changes } = models()
    let attempts = 0
    const answered = waitFor(
      async () => {
        attempts += 1
        return state.stamp === '1' ? undefined : state.stamp
      },
      { clock, waitMs: 10_000, changes },
    )
    await sleep(100)
    expect(attempts).toBe(1)
    state.stamp = '2'
    expect(await answered).toBe('2')
    expect(attempts).toBe(2)
  })

  it('is made again when the time is over, and comes to nothing then', async () => {
    const { changes } = models()
    let attempts = 0
    const nothing = async () => {
      attempts += 1
      return undefined
    }
    expect(await waitFor(nothing, { clock, waitMs: 50, changes })).toBeUndefined()
    expect(attempts).toBe(2)
  })

  it('is made again after a while where changes can’t be told', async () => {
    const changes = new ModelChanges({}, clock)
    let attempts = 0
    const third = async () => {
      attempts += 1
      return attempts === 3 ? attempts : undefined
    }
    expect(await waitFor(third, { clock, waitMs: 10_000, changes })).toBe(3)
  })
})
