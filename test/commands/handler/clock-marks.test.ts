import { describe, expect, it } from 'vitest'
import { Machine, machineThatRan, minuteMs, settled } from '#test/commands/handler/machine.ts'
import { SettableClock } from '#test/support/settable-clock.ts'
import { depositing } from '#test/support/write-side.ts'

const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const yearLater = '2027-03-01T12:00:00.000Z'
const jumped = { kind: 'refused', code: 'clock-jumped', status: 503 }
const accepted = { kind: 'accepted' }

describe('the mark of a clock that is believed', () => {
  it('is written at the start, every minute and at the end', async () => {
    const machine = new Machine()
    const side = await machine.start()
    const [begun] = [machine.mark]
    expect(begun).toEqual({ wallMs: machine.clock.now(), boot: { id: 'boot 1', sinceMs: 100_000 } })
    machine.clock.pass(30_000)
    await side.ask('PostTransaction', depositing('1'))
    expect(machine.mark).toBe(begun)
    await machine.minute()
    expect(machine.mark?.boot.sinceMs).toBe(190_000)
    machine.clock.pass(10_000)
    await side[Symbol.asyncDispose]()
    expect(machine.mark).toEqual({
      wallMs: machine.clock.now(),
      boot: { id: 'boot 1', sinceMs: 200_000 },
    })
  })

  it('that cannot be written stops nothing, and is told once', async () => {
    const machine = await machineThatRan()
    machine.fault = new Error('EROFS')
    await using side = await machine.start()
    for (let time = 0; time < 3; time += 1) await machine.minute()
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(accepted)
    expect(machine.recorded.lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'warn: the clock is not marked: a restart may believe a wrong one',
    ])
  })
})

describe('a clock that was behind for a while', () => {
  const behind = '2026-02-27T12:00:00.000Z'
  const right = '2026-03-01T12:02:00.000Z'

  it('is believed once it is right again, by the process that saw it so and by the next', async () => {
    const machine = await machineThatRan()
    {
      await using side = await machine.start()
      machine.clock.setWall(behind)
      for (let time = 0; time < 2; time += 1) await machine.minute()
      machine.clock.setWall(right)
      expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(accepted)
    }
    expect(await machine.asked()).toMatchObject(accepted)
  })

  it('leaves no mark, so that a process started meanwhile or afterwards believes the right one', async () => {
    const machine = await machineThatRan()
    const { mark } = machine
    machine.clock.setWall(behind)
    {
      await using side = await machine.start()
      for (let time = 0; time < 2; time += 1) await machine.minute()
      expect(side.bus.believesClock()).toBe(true)
      expect(machine.mark).toEqual(mark)
    }
    machine.clock.setWall(right)
    expect(await machine.asked()).toMatchObject(accepted)
    machine.clock.setWall(yearLater)
    expect(await machine.asked()).toMatchObject(jumped)
  })

  it('is no measure where it was behind because what was confirmed was wrong', async () => {
    const machine = await machineThatRan()
    await using side = await machine.start()
    machine.clock.setWall(yearLater)
    side.bus.confirmClock()
    machine.clock.setWall(right)
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(accepted)
    machine.clock.setWall(yearLater)
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(jumped)
  })
})

describe('a process that is started in the same boot', () => {
  it('believes a clock that ran as the time since the boot did, however long that was', async () => {
    const machine = await machineThatRan()
    machine.clock.pass(400 * dayMs)
    expect(await machine.asked()).toMatchObject(accepted)
    machine.clock.sleep(400 * dayMs)
    expect(await machine.asked()).toMatchObject(accepted)
  })

  it('believes a clock that ran ahead by a day, and none beyond', async () => {
    const machine = await machineThatRan()
    machine.clock.pass(hourMs)
    machine.clock.setWall('2026-03-02T13:00:00.001Z')
    expect(await machine.asked()).toMatchObject(jumped)
    machine.clock.setWall('2026-03-02T13:00:00.000Z')
    expect(await machine.asked()).toMatchObject(accepted)
  })

  it('goes on to refuse however often it is started, and says so at once', async () => {
    const machine = await machineThatRan()
    machine.clock.setWall(yearLater)
    for (let time = 0; time < 3; time += 1) expect(await machine.asked()).toMatchObject(jumped)
    const before = machine.recorded.lines.length
    await using side = await machine.start()
    expect(side.bus.believesClock()).toBe(false)
    const line = machine.recorded.lines[before]
    expect(line).toMatchObject({
      level: 'error',
      fields: { detail: expect.stringMatching(/ran ahead of the time since the boot/) },
      message: expect.stringMatching(/^commands are refused: the clock is not believed/),
    })
  })

  it('believes it once it is right again, in this process and in the next', async () => {
    const machine = await machineThatRan()
    machine.clock.setWall(yearLater)
    await using side = await machine.start()
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(jumped)
    machine.clock.setWall('2026-03-01T12:00:01.000Z')
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(accepted)
    await machine.minute()
    expect(machine.mark).not.toHaveProperty('refusedFromMs')
    expect(await machine.asked()).toMatchObject(accepted)
  })

  it('believes what an operator confirmed, also of an earlier process', async () => {
    const machine = await machineThatRan()
    machine.clock.setWall(yearLater)
    const side = await machine.start()
    side.bus.confirmClock()
    await settled()
    expect(machine.mark?.wallMs).toBe(Date.parse(yearLater))
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(accepted)
    expect(await machine.asked()).toMatchObject(accepted)
  })

  it('believes any clock where the mark was removed', async () => {
    const machine = await machineThatRan()
    machine.clock.setWall(yearLater)
    await using side = await machine.start()
    machine.mark = undefined
    await machine.minute()
    await side[Symbol.asyncDispose]()
    expect(machine.mark).toBeUndefined()
    expect(await machine.asked()).toMatchObject(accepted)
  })

  it('has nothing to compare where the time since the boot went back', async () => {
    const machine = await machineThatRan()
    machine.mark = { wallMs: machine.clock.now(), boot: { id: 'boot 1', sinceMs: 100_001 } }
    machine.clock.setWall(yearLater)
    expect(await machine.asked()).toMatchObject(accepted)
  })
})

describe('a process that is started in another boot', () => {
  it('believes the clock: the machine may have been off for a year', async () => {
    const machine = await machineThatRan()
    machine.clock.reboot(365 * dayMs)
    machine.clock.pass(hourMs)
    expect(await machine.asked()).toMatchObject(accepted)
  })

  it('does not believe one that was refused before, for as long as it is so far ahead', async () => {
    const machine = await machineThatRan()
    machine.clock.setWall(yearLater)
    expect(await machine.asked()).toMatchObject(jumped)
    machine.clock.reboot(minuteMs)
    expect(await machine.asked()).toMatchObject(jumped)
    machine.clock.reboot(minuteMs)
    expect(await machine.asked()).toMatchObject(jumped)
    machine.clock.setWall('2027-03-01T11:59:59.999Z')
    expect(await machine.asked()).toMatchObject(accepted)
    machine.clock.setWall(yearLater)
    expect(await machine.asked()).toMatchObject(accepted)
  })

  it('no longer holds what was refused against one that was put right in between', async () => {
    const machine = await machineThatRan()
    machine.clock.setWall(yearLater)
    expect(await machine.asked()).toMatchObject(jumped)
    machine.clock.reboot(minuteMs)
    machine.clock.setWall('2026-03-01T13:00:00.000Z')
    expect(await machine.asked()).toMatchObject(accepted)
    machine.clock.reboot(minuteMs)
    machine.clock.setWall(yearLater)
    expect(await machine.asked()).toMatchObject(accepted)
  })

  it('believes one that was refused and then confirmed', async () => {
    const machine = await machineThatRan()
    machine.clock.setWall(yearLater)
    expect(await machine.asked()).toMatchObject(jumped)
    machine.clock.reboot(minuteMs)
    await using side = await machine.start()
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(jumped)
    side.bus.confirmClock()
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(accepted)
    await machine.minute()
    machine.clock.reboot(minuteMs)
    expect(await machine.asked()).toMatchObject(accepted)
  })

  it('where the system tells no boots apart, believes the clock and marks nothing', async () => {
    const machine = await machineThatRan()
    machine.clock.setWall(yearLater)
    expect(await machine.asked()).toMatchObject(jumped)
    const { mark } = machine
    expect(mark).toHaveProperty('refusedFromMs')
    const untold = new SettableClock(yearLater)
    Object.assign(untold, { boot: () => undefined })
    await using side = await machine.start(untold)
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(accepted)
    expect(machine.mark).toBe(mark)
  })
})

describe('a running process', () => {
  it('believes the clock after a sleep of days: the time since the boot went on', async () => {
    const machine = await machineThatRan()
    await using side = await machine.start()
    machine.clock.sleep(3 * dayMs)
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(accepted)
    machine.clock.setWall(yearLater)
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(jumped)
  })

  it('leaves the mark of another one that believed the clock after it was refused here', async () => {
    const machine = await machineThatRan()
    await using side = await machine.start()
    machine.clock.setWall(yearLater)
    expect(side.bus.believesClock()).toBe(false)
    machine.clock.pass(1)
    const believed = { wallMs: machine.clock.now(), boot: machine.clock.boot() }
    machine.mark = believed
    await machine.minute()
    expect(side.bus.believesClock()).toBe(false)
    expect(machine.mark).toBe(believed)
  })

  it('marks no clock that is behind the last event as one that ran ahead', async () => {
    const machine = await machineThatRan()
    const { mark } = machine
    await using side = await machine.start()
    machine.clock.setWall('2026-03-01T11:00:00.000Z')
    expect(await side.ask('PostTransaction', depositing('1'))).toMatchObject(jumped)
    await machine.minute()
    expect(machine.mark).toEqual(mark)
  })
})
