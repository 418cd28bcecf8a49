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

  it('has every group in its help', () => {
    expect(groups.filter(({ name }) => !usage.includes(`  ${name} `))).toEqual([])
  })
})

describe('the settings of the bench', () => {
  it('have defaults', () => {
    expect(readSettings({})).toEqual({ seconds: 5, rounds: 3, events: undefined, long: false })
  })

  it('are refused where they are no number', () => {
    expect(() => readSettings({ BENCH_ROUNDS: '0' })).toThrow('BENCH_ROUNDS must be')
    expect(() => readSettings({ BENCH_SECONDS: '1.5' })).toThrow('BENCH_SECONDS must be')
  })
})
