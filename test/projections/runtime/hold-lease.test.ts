import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { systemClock } from '#adapters/system/clock.ts'
import { systemPace } from '#ports/pace.ts'
import { type Lease, ReadModelsUnavailable } from '#ports/read-models.ts'
import { holdLease, isHeld, type LeaseParts, LeaseWatch } from '#projections/runtime/hold-lease.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

type Leases = LeaseParts['leases']
type Fault = 'none' | 'away' | 'answer lost'

const times = { leaseMs: 400, renewMs: 20 }

/** One store of leases as a process reaches it. */
class Reached implements Leases {
  readonly moves: Fault[] = []
  fault: Fault = 'none'
  readonly #leases: Leases

  constructor(leases: Leases) {
    this.#leases = leases
  }

  lease(name: string): Promise<Lease | undefined> {
    if (this.fault === 'away') throw new ReadModelsUnavailable('not reached')
    return this.#leases.lease(name)
  }

  async moveLease(name: string, seen: Lease | undefined, holder: string): Promise<boolean> {
    const fault = this.moves.shift() ?? this.fault
    if (fault === 'away') throw new ReadModelsUnavailable('not reached')
    const moved = await this.#leases.moveLease(name, seen, holder)
    if (fault === 'answer lost') throw new ReadModelsUnavailable('the answer was lost')
    return moved
  }
}

/** A process that wants the lease; `at` says how often it began its work and whether it is at it. */
class Process implements AsyncDisposable {
  readonly leases: Reached
  readonly #end = new AbortController()
  readonly ended: Promise<void>
  begun = 0
  isWorking = false

  constructor(leases: Leases, holder: string, work = untilAborted) {
    this.leases = new Reached(leases)
    const { logger } = recordingLogger()
    const parts = { leases: this.leases, name: 'work', holder, clock: systemClock, logger, times }
    this.ended = holdLease(parts, this.#end.signal, async (signal) => {
      this.begun += 1
      this.isWorking = true
      try {
        await work(signal)
      } finally {
        this.isWorking = false
      }
    })
    this.ended.catch(() => {})
  }

  async stop(): Promise<void> {
    this.#end.abort()
    await this.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => {})
  }
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

async function until(holds: () => boolean): Promise<number> {
  const begunMs = performance.now()
  while (!holds()) {
    if (performance.now() - begunMs > 10_000) throw new Error('not within 10 s')
    await sleep(2)
  }
  return performance.now() - begunMs
}

describe('several processes that want one lease', () => {
  it('have one of them at work, for as long as it lives', async () => {
    const leases = openMemoryReadModels()
    await using one = new Process(leases, 'one')
    await until(() => one.isWorking)
    await using two = new Process(leases, 'two')
    await using three = new Process(leases, 'three')
    await sleep(2 * times.leaseMs)
    expect([one, two, three].map(({ begun }) => begun)).toEqual([1, 0, 0])
  })

  it('replace one that stops at once', async () => {
    const leases = openMemoryReadModels()
    await using one = new Process(leases, 'one')
    await until(() => one.isWorking)
    await using two = new Process(leases, 'two')
    await sleep(30)
    await one.stop()
    expect(await until(() => two.isWorking)).toBeLessThan(times.leaseMs / 2)
    expect(one.isWorking).toBe(false)
  })

  it('replace one that is gone when its lease has run out, and not before', async () => {
    const leases = openMemoryReadModels()
    await leases.moveLease('work', undefined, 'gone')
    await using two = new Process(leases, 'two')
    const tookMs = await until(() => two.isWorking)
    expect(tookMs).toBeGreaterThanOrEqual(times.leaseMs - 5)
    expect(tookMs).toBeLessThan(2 * times.leaseMs)
  })
})

describe('a holder that others took for dead', () => {
  it('ends its work and stands by', async () => {
    const leases = openMemoryReadModels()
    await using one = new Process(leases, 'one')
    await until(() => one.isWorking)
    await leases.moveLease('work', await leases.lease('work'), 'two')
    await until(() => !one.isWorking)
    await leases.moveLease('work', await leases.lease('work'), '')
    await until(() => one.isWorking)
    expect(one.begun).toBe(2)
  })
})

describe('while the read models are away', () => {
  it('a holder goes on with its work, and keeps the lease where nobody took it', async () => {
    const leases = openMemoryReadModels()
    await using one = new Process(leases, 'one')
    await until(() => one.isWorking)
    one.leases.fault = 'away'
    await sleep(5 * times.renewMs)
    expect(one.isWorking).toBe(true)
    one.leases.fault = 'none'
    await sleep(5 * times.renewMs)
    expect([one.begun, one.isWorking]).toEqual([1, true])
  })

  it('a holder whose renewal was stored, though it was told nothing, goes on', async () => {
    const leases = openMemoryReadModels()
    await using one = new Process(leases, 'one')
    await until(() => one.isWorking)
    one.leases.moves.push('answer lost', 'answer lost')
    await sleep(10 * times.renewMs)
    expect([one.begun, one.isWorking]).toEqual([1, true])
  })

  // Once more where the machine was busy with others.
  it('one that took the lease, though it was told nothing, is at work without waiting for it to run out', {
    retry: 3,
  }, async () => {
    const leases = openMemoryReadModels()
    await using one = new Process(leases, 'one')
    one.leases.moves.push('answer lost')
    expect(await until(() => one.isWorking)).toBeLessThan(times.leaseMs / 2)
  })

  it('one that waits goes on waiting, and ends when it is told to', async () => {
    const leases = openMemoryReadModels()
    await leases.moveLease('work', undefined, 'gone')
    await using one = new Process(leases, 'one')
    one.leases.fault = 'away'
    await sleep(times.leaseMs + 50)
    expect(one.begun).toBe(0)
    await one.stop()
  })

  it('a holder that stops does not wait for them', async () => {
    const leases = openMemoryReadModels()
    await using one = new Process(leases, 'one')
    await until(() => one.isWorking)
    one.leases.fault = 'away'
    await sleep(3 * times.renewMs)
    await one.stop()
    expect(await leases.lease('work')).toMatchObject({ holder: 'one' })
  })
})

describe('work that ends by itself', () => {
  it('is not begun again, and gives the lease back', async () => {
    const leases = openMemoryReadModels()
    await using one = new Process(leases, 'one', async () => {})
    await one.ended
    expect(one.begun).toBe(1)
    expect(await leases.lease('work')).toMatchObject({ holder: '' })
  })

  it('throws on what it failed with, and gives the lease back', async () => {
    const leases = openMemoryReadModels()
    const fail = async () => {
      throw new TypeError('a bug')
    }
    await using one = new Process(leases, 'one', fail)
    await expect(one.ended).rejects.toThrow('a bug')
    expect(await leases.lease('work')).toMatchObject({ holder: '' })
  })
})

describe('leases that fail with a bug', () => {
  it('end the work and the holding', async () => {
    const leases = openMemoryReadModels()
    let fails = false
    const broken: Leases = {
      lease: (name) => leases.lease(name),
      moveLease: async (...given) => {
        if (fails) throw new TypeError('a bug')
        return leases.moveLease(...given)
      },
    }
    await using one = new Process(broken, 'one')
    await until(() => one.isWorking)
    fails = true
    await expect(one.ended).rejects.toThrow('a bug')
    expect(one.isWorking).toBe(false)
  })
})

describe('who looks at a lease', () => {
  /** A lease that is moved and looked at, on a clock that stands still but for what is added to it. */
  function looking() {
    const leases = openMemoryReadModels()
    const clock = { nowMs: 0, monotonic: () => clock.nowMs }
    const parts = { leases, name: 'work', clock, times }
    const move = async () => leases.moveLease('work', await leases.lease('work'), 'some process')
    return { leases, clock, parts, move, watch: new LeaseWatch(parts) }
  }

  it('knows at once that nobody ever held it, and that it was given back', async () => {
    const { leases, watch, move } = looking()
    expect(await watch.isHeld()).toBe(false)
    await move()
    expect(await watch.isHeld()).toBe(true)
    await leases.moveLease('work', await leases.lease('work'), '')
    expect(await watch.isHeld()).toBe(false)
  })

  it('takes it for held until it has stood still for as long as it lasts', async () => {
    const { clock, watch, move } = looking()
    await move()
    expect(await watch.isHeld()).toBe('likely')
    clock.nowMs += times.leaseMs - 1
    expect(await watch.isHeld()).toBe('likely')
    await move()
    clock.nowMs += 1
    expect(await watch.isHeld()).toBe(true)
    clock.nowMs += times.leaseMs
    expect(await watch.isHeld()).toBe(false)
  })

  it('waits until it can tell', async () => {
    const { clock, parts, move } = looking()
    await move()
    let pauses = 0
    const pace = {
      ...systemPace,
      async pause(pauseMs: number) {
        clock.nowMs += pauseMs
        pauses += 1
        if (pauses === 3) await move()
      },
    }
    const { signal } = new AbortController()
    expect(await isHeld({ ...parts, pace }, signal)).toBe(true)
    const begunMs = clock.nowMs
    expect(await isHeld({ ...parts, pace }, signal)).toBe(false)
    expect(clock.nowMs - begunMs).toBeGreaterThanOrEqual(times.leaseMs)
  })
})
