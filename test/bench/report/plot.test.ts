import { describe, expect, it } from 'vitest'
import { plotOf } from '#bench/report/plot.ts'
import { result, results } from '#test/bench/example-results.ts'

const plot = plotOf(results)

describe('the plot of the benchmarks', () => {
  it('draws how far a figure is from its target, better to the right', () => {
    expect(plot).toContain('>1.08, met</text>')
    expect(plot).toContain('>0.63, not met</text>')
  })

  it('draws what part of its limit a figure is', () => {
    expect(plot).toContain('>0.65 (more is better)</text>')
  })

  it('has room for the name of every figure', () => {
    const name = 'as-of-in-order-within-a-day-effectiveAt-p99'
    const target = { of: 'value' as const, atMost: 2 }
    const figure = { name, what: '', value: 1, unit: 'ms', target, met: true }
    const drawn = plotOf({ version: 1, groups: { single: result([figure]) } })
    const [, right] =
      new RegExp(`<text x="(\\d+)" y="\\d+" text-anchor="end">${name}<`).exec(drawn) ?? []
    expect(Number(right)).toBeGreaterThan(name.length * 8)
  })

  it('says all of it in words too', () => {
    const [, spoken] = /<desc id="description">(.*)<\/desc>/.exec(plot) ?? []
    expect(spoken).toContain('Against the target: single 1.08, met; visible-p99 0.63, not met.')
  })

  it('has colours for light and for dark, and a ground of its own', () => {
    expect(plot).toContain('prefers-color-scheme: dark')
    expect(plot).toContain('<rect class="paper"')
  })

  it('closes every element that it opens', () => {
    const open: string[] = []
    for (const [, end, name = '', alone] of plot.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/g)) {
      if (end === '/') expect(open.pop()).toBe(name)
      else if (alone !== '/') open.push(name)
    }
    expect(open).toEqual([])
  })

  it('escapes what means something in XML', () => {
    const figure = { name: 'a<b&"c"', what: '', value: 1, unit: 'ms' }
    const target = { of: 'value' as const, atMost: 2 }
    const escaped = plotOf({
      version: 1,
      groups: { single: result([{ ...figure, target, met: true }]) },
    })
    expect(escaped).toContain('>a&lt;b&amp;&quot;c&quot;</text>')
  })

  it('is empty, not broken, without figures', () => {
    expect(plotOf({ version: 1, groups: {} })).not.toContain('NaN')
  })
})
