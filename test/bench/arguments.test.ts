import { describe, expect, it } from 'vitest'
import { parseArguments, usage } from '#bench/arguments.ts'
import { groups } from '#bench/groups.ts'
import { readSettings } from '#bench/settings.ts'

describe('the command line of the bench', () => {
  it('is every group where it names none', () => {
    expect(parseArguments([])).toEqual({ chosen: groups, write: false })
  })

  it('is the groups that it names, in the order of the page', () => {
    const asked = parseArguments(['reads', '--write', 'single'])
    expect(asked).toMatchObject({ write: true, chosen: [{ name: 'single' }, { name: 'reads' }] })
  })

  it('is refused for a group or an option that is not there', () => {
    expect(parseArguments(['singles'])).toEqual({ problem: 'there is no group singles' })
    expect(parseArguments(['--what'])).toMatchObject({ problem: expect.stringContaining('--what') })
  })

  it('is a wish for help, whatever else it says', () => {
    expect(parseArguments(['single', '--help'])).toEqual({ help: true })
  })

  it('has every group in its help', () => {
    expect(groups.filter(({ name }) => !usage.includes(`  ${name} `))).toEqual([])
  })
})

describe('the settings of the bench', () => {
  it('have defaults', () => {
    expect(readSettings({})).toEqual({ seconds: 5, rounds: 3, events: undefined, long: false })
  })

  it('are what the environment says', () => {
    const BENCH_LONG = '1'
    const given = { BENCH_SECONDS: '1', BENCH_ROUNDS: '', BENCH_EVENTS: '1000', BENCH_LONG }
    expect(readSettings(given)).toEqual({ seconds: 1, rounds: 3, events: 1_000, long: true })
    expect(readSettings({ BENCH_LONG: '0' })).toMatchObject({ long: false })
  })

  it.each([
    ['BENCH_ROUNDS', '0', 'a whole number above 0'],
    ['BENCH_SECONDS', '1.5', 'a whole number above 0'],
    ['BENCH_EVENTS', 'many', 'a whole number above 0'],
    ['BENCH_LONG', 'yes', '0 or 1'],
  ])('are refused: %s=%s', (name, value, meaning) => {
    const problem = `${name} must be ${meaning}, not "${value}"`
    expect(readSettings({ [name]: value })).toEqual({ problem })
  })
})
