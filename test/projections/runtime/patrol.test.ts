import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { patrol } from '#projections/runtime/patrol.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { Patrolled, projections, times } from '#test/projections/runtime/patrolled.ts'

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const begunMs = performance.now()
  while (!(await holds())) {
    if (performance.now() - begunMs > 10_000) throw new Error('not within 10 s')
    await sleep(2)
  }
}

describe('a ledger whose last event was lost', () => {
  it('is brought up to it', async () => {
    await using patrolled = new Patrolled()
    await patrolled.record('acme', 5)
    await patrolled.record('umbra', 3)
    patrolled.apply('acme', 3)
    patrolled.apply('umbra', 2)
    patrolled.start()
    await until(() => patrolled.healed.length === 1)
    expect(patrolled.healed).toEqual(['acme 4'])
    await until(async () => (await patrolled.place()) === 7n)
  })

  it('is brought up where it is new to every read model', async () => {
    await using patrolled = new Patrolled()
    await patrolled.record('acme')
    patrolled.start()
    await until(() => patrolled.healed.length === 1)
    expect(patrolled.healed).toEqual(['acme 0'])
  })

  it('is left alone until everybody has had time to apply it', async () => {
    await using patrolled = new Patrolled()
    await patrolled.record('acme', 1, '2026-03-01T11:59:55.000Z')
    patrolled.start()
    await sleep(4 * times.patienceMs)
    expect(patrolled.healed).toEqual([])
    patrolled.clock.pass(6_000)
    await until(() => patrolled.healed.length === 1)
  })

  it('is brought up though a wrong clock dated an event a year ahead', async () => {
    await using patrolled = new Patrolled()
    await patrolled.record('umbra', 1, '2027-03-01T12:00:00.000Z')
    await patrolled.record('acme')
    patrolled.apply('umbra', 0)
    patrolled.start()
    await until(() => patrolled.healed.length === 1)
    expect(patrolled.healed).toEqual(['acme 0'])
  })

  it('is brought up though others of its time are slow', async () => {
    await using patrolled = new Patrolled()
    // Far longer than a turn of the loop below, also on a busy machine.
    patrolled.patienceMs = 400
    await patrolled.record('acme')
    await patrolled.record('umbra', 1_000)
    patrolled.start()
    let applied = 0
    await until(async () => {
      patrolled.apply('umbra', (applied += 1))
      await sleep(5)
      return patrolled.healed.length > 0
    })
    expect(patrolled.healed).toEqual(['acme 0'])
    expect(applied).toBeLessThan(999)
  })
})

describe('a ledger that is merely slow', () => {
  it('is left alone', async () => {
    await using patrolled = new Patrolled()
    patrolled.patienceMs = 250
    await patrolled.record('acme', 30)
    patrolled.start()
    for (let revision = 0; revision < 30; revision += 1) {
      patrolled.apply('acme', revision)
      await sleep(25)
    }
    await until(async () => (await patrolled.place()) === 29n)
    expect(patrolled.healed).toEqual([])
  })

  it('is left alone while those before it in the feed get on', async () => {
    await using patrolled = new Patrolled()
    patrolled.patienceMs = 250
    for (const ledgerId of ['acme', 'umbra', 'tyrell']) await patrolled.record(ledgerId, 20)
    patrolled.start()
    for (const ledgerId of ['acme', 'umbra', 'tyrell'])
      for (let revision = 0; revision < 20; revision += 1) {
        patrolled.apply(ledgerId, revision)
        await sleep(20)
      }
    await until(async () => (await patrolled.place()) === 59n)
    expect(patrolled.healed).toEqual([])
  })
})

describe('a parked ledger', () => {
  it('is left alone and holds nobody up', async () => {
    await using patrolled = new Patrolled()
    await patrolled.record('acme', 5)
    patrolled.apply('acme', 1, { revision: 2n, reason: 'poison' })
    await patrolled.record('umbra', 2)
    patrolled.start()
    await until(() => patrolled.healed.length === 1)
    await until(async () => (await patrolled.place()) === 6n)
    expect(patrolled.healed).toEqual(['umbra 1'])
  })
})

describe('a patrol', () => {
  it('waits while the read models are away, and goes on', async () => {
    await using patrolled = new Patrolled()
    patrolled.start()
    await sleep(20)
    patrolled.areAway = true
    await patrolled.record('acme')
    await sleep(100)
    expect(patrolled.reads).toBeLessThan(20)
    patrolled.areAway = false
    await until(() => patrolled.healed.length === 1)
    expect(patrolled.healed).toEqual(['acme 0'])
  })

  it('waits while the log cannot be read, and goes on', async () => {
    await using patrolled = new Patrolled()
    patrolled.store.unreadable = true
    await patrolled.record('acme')
    patrolled.start()
    await sleep(50)
    patrolled.store.unreadable = false
    await until(() => patrolled.healed.length === 1)
  })

  it('restarts from its place', async () => {
    await using patrolled = new Patrolled()
    await patrolled.record('acme', 3)
    patrolled.apply('acme', 2)
    patrolled.start()
    await until(async () => (await patrolled.place()) === 2n)
    await patrolled.stop()
    const asked: (bigint | undefined)[] = []
    const readAll = patrolled.store.readAll.bind(patrolled.store)
    patrolled.store.readAll = async (after, limit) => {
      asked.push(after)
      return readAll(after, limit)
    }
    patrolled.start()
    await until(() => asked.length > 0)
    expect(asked[0]).toBe(2n)
  })

  it('that is stopped before a ledger that stands still comes back to it', async () => {
    await using patrolled = new Patrolled()
    await patrolled.record('acme', 3)
    patrolled.start()
    await until(() => patrolled.reads > 2)
    await patrolled.stop()
    expect(await patrolled.place()).toBeUndefined()
    expect(patrolled.healed).toEqual([])
    patrolled.start()
    await until(() => patrolled.healed.length === 1)
  })

  it('writes nothing while there is nothing new', async () => {
    await using patrolled = new Patrolled()
    await patrolled.record('acme', 3)
    patrolled.apply('acme', 2)
    patrolled.start()
    await until(async () => (await patrolled.place()) === 2n)
    const { reads } = patrolled
    await sleep(50)
    expect(patrolled.reads).toBe(reads)
  })

  it('ends with a bug', async () => {
    await using patrolled = new Patrolled()
    const end = new AbortController()
    await patrolled.record('acme')
    const { models: writer, store, clock } = patrolled
    const heal = async () => {
      throw new TypeError('a bug')
    }
    const { logger } = recordingLogger()
    const parts = {
      projections: async () => projections,
      store,
      writer,
      clock,
      logger,
      heal,
      times,
    }
    await expect(patrol(parts, end.signal)).rejects.toThrow('a bug')
  })
})
