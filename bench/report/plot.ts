import type { Figure } from '#bench/figure.ts'
import { groups } from '#bench/groups.ts'
import type { Results } from '#bench/report/results.ts'
import { metText, ratioText } from '#bench/report/words.ts'

const rowHeight = 26
const headHeight = 58
const labelWidthMin = 200
const barWidth = 480
const barHeight = 14
const textWidth = 180
/** Of a wide font, as large as it is here. */
const characterWidth = 8
/** Bars end here; the text behind them says the whole. */
const shareMax = 2

type Bar = {
  readonly label: string
  /** 1 is the line that is drawn. */
  readonly share: number
  readonly text: string
  readonly isMet: boolean | undefined
}

type Panel = { readonly title: string; readonly line: string; readonly bars: readonly Bar[] }

/** Where a panel begins, and its bars. */
type Place = { readonly top: number; readonly left: number }

const style = `
    svg { color-scheme: light dark; font: 13px system-ui, sans-serif; }
    .paper { fill: #ffffff; }
    text { fill: #1f2328; }
    .title { font-weight: 600; }
    .bar { fill: #0550ae; }
    .short { fill: #bc4c00; }
    .line { stroke: #1f2328; stroke-dasharray: 4 3; }
    .track { fill: #eaeef2; }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #0d1117; }
      text { fill: #e6edf3; }
      .bar { fill: #58a6ff; }
      .short { fill: #f0883e; }
      .line { stroke: #e6edf3; }
      .track { fill: #21262d; }
    }
  `

/** A plot of the same results: how far every figure is from its target, and what part of its limit it is. */
export function plotOf(results: Results): string {
  const figures = groups.flatMap(({ name }) => figuresOf(results, name))
  const panels = [targets(figures), limits(figures)].filter(({ bars }) => bars.length > 0)
  const left = labelWidthOf(panels)
  const width = left + barWidth + textWidth
  const heights = panels.map(({ bars }) => headHeight + bars.length * rowHeight)
  const height = heights.reduce((sum, each) => sum + each, 16)
  const drawn = panels.map((panel, index) =>
    panelText(panel, {
      top: heights.slice(0, index).reduce((sum, each) => sum + each, 0),
      left,
    }),
  )
  const spoken = panels.flatMap(({ title, bars }) => [
    `${title}: ${bars.map(({ label, text }) => `${label} ${text}`).join('; ')}.`,
  ])
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">
  <title id="title">Benchmarks of Daybook</title>
  <desc id="description">${escaped(spoken.join(' '))}</desc>
  <style>${style}</style>
  <rect class="paper" width="${width}" height="${height}"/>
${drawn.join('\n')}
</svg>
`
}

/** Every label stands beside its bar, however long a figure's name is. */
function labelWidthOf(panels: readonly Panel[]): number {
  const lengths = panels.flatMap(({ bars }) => bars.map(({ label }) => label.length))
  return Math.max(labelWidthMin, ...lengths.map((length) => length * characterWidth + 20))
}

function figuresOf({ groups: all }: Results, name: string): readonly Figure[] {
  const measured = all[name]?.measured
  return measured === undefined || 'unavailable' in measured ? [] : measured
}

function targets(figures: readonly Figure[]): Panel {
  const bars = figures.flatMap((figure) => {
    const share = shareOf(figure)
    if (share === undefined) return []
    const text = `${share.toFixed(2)}, ${metText(figure)}`
    return [{ label: figure.name, share, text, isMet: figure.met }]
  })
  return { title: 'Against the target', line: 'target', bars }
}

/** Above 1 is better than asked for, whether much or little was asked for. */
function shareOf({ target, value, ratio }: Figure): number | undefined {
  const measured = target?.of === 'ratio' ? ratio : value
  if (target === undefined || measured === undefined) return undefined
  const shares = [
    ...(target.atLeast === undefined ? [] : [measured / target.atLeast]),
    ...(target.atMost === undefined ? [] : [target.atMost / measured]),
  ]
  return Math.min(...shares)
}

function limits(figures: readonly Figure[]): Panel {
  const bars = figures.flatMap(({ name, ratio, unit }) =>
    ratio === undefined
      ? []
      : [
          {
            label: name,
            share: ratio,
            text: `${ratioText(ratio)} ${betterIn(unit)}`,
            isMet: undefined,
          },
        ],
  )
  return { title: 'Against the limit of the same run', line: 'limit', bars }
}

function betterIn(unit: string): string {
  return unit.endsWith('/s') ? '(more is better)' : '(less is better)'
}

function panelText({ title, line, bars }: Panel, { top, left }: Place): string {
  const at = left + barWidth / shareMax
  const bottom = top + headHeight + bars.length * rowHeight - 6
  return [
    `  <text class="title" x="16" y="${top + 28}">${escaped(title)}</text>`,
    `  <text x="${at}" y="${top + 46}" text-anchor="middle">1 = the ${line}</text>`,
    ...bars.map((bar, index) => barText(bar, { top: top + headHeight + index * rowHeight, left })),
    `  <line class="line" x1="${at}" x2="${at}" y1="${top + headHeight - 6}" y2="${bottom}"/>`,
  ].join('\n')
}

function barText({ label, share, text, isMet }: Bar, { top, left }: Place): string {
  const length = ((Math.min(share, shareMax) * barWidth) / shareMax).toFixed(1)
  const kind = isMet === false ? 'bar short' : 'bar'
  const middle = top + barHeight - 3
  return [
    `  <text x="${left - 10}" y="${middle}" text-anchor="end">${escaped(label)}</text>`,
    `  <rect class="track" x="${left}" y="${top}" width="${barWidth}" height="${barHeight}"/>`,
    `  <rect class="${kind}" x="${left}" y="${top}" width="${length}" height="${barHeight}"/>`,
    `  <text x="${left + barWidth + 10}" y="${middle}">${escaped(text)}</text>`,
  ].join('\n')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
