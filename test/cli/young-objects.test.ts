import { readFileSync } from 'node:fs'
import { platform } from 'node:os'
import { describe, expect, it } from 'vitest'
import { type Program, startProgram, temporaryFolder } from '#test/support/program.ts'
import { preloaded } from '#test/support/preloaded.ts'

/** Says on which options a process runs, and how large its space for young objects is. */
const telling = `
import { getHeapSpaceStatistics } from 'node:v8'
if (thread === 'main') process.on('SIGPWR', () => {
  const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')
  console.log(JSON.stringify({ young: space.space_size / 2 ** 20, options: process.execArgv }))
})
`

describe.skipIf(platform() !== 'linux')('the room for young objects', () => {
  it('is there from the beginning, in the process that was started', async () => {
    await using folder = await temporaryFolder()
    const { settings } = preloaded(folder.path, telling)
    await using program = await startProgram(folder.path, settings)
    expect(await told(program)).toEqual({ young: 64, options: ['--min-semi-space-size=64'] })
    expect(readFileSync(`/proc/${program.pid}/cmdline`, 'utf8').split('\0').slice(-2)).toEqual([
      'start',
      '',
    ])
    expect(await program.stop()).toEqual({ code: 0, signal: null })
  })

  it('is not larger than somebody wants it to be', async () => {
    await using folder = await temporaryFolder()
    const { settings } = preloaded(folder.path, telling)
    const options = `${settings['NODE_OPTIONS']} --max-semi-space-size=4`
    await using program = await startProgram(folder.path, { ...settings, NODE_OPTIONS: options })
    expect(await told(program)).toMatchObject({ young: expect.toSatisfy((size) => size <= 8) })
  })

  it('is let be in a role that answers nobody', async () => {
    await using folder = await temporaryFolder()
    await (await startProgram(folder.path)).stop()
    const { settings } = preloaded(folder.path, telling)
    await using program = await startProgram(folder.path, settings, 'projector')
    expect(await told(program)).toMatchObject({ options: [] })
  })
})

async function told(program: Program): Promise<unknown> {
  program.signal('SIGPWR')
  const line = () => program.lines.find((each) => each.includes('"young"'))
  await expect.poll(line, { timeout: 20_000 }).toBeDefined()
  return JSON.parse(line() ?? '')
}
