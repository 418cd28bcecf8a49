import type { Figure, Target } from '#bench/figure.ts'

/** With as many digits as mean something. */
export function valueText(value: number, unit: string): string {
  return `${numberText(value)} ${unit}`
}

/** Nothing where there is none. */
export function ratioText(ratio: number | undefined): string {
  return ratio === undefined ? '' : ratio.toFixed(2)
}

/** As `≥ 0.60 × the limit`. */
export function targetText({ target, unit }: Pick<Figure, 'target' | 'unit'>): string {
  if (target === undefined) return ''
  const bounds = boundsOf(target).map(([sign, bound]) => `${sign} ${boundText(target, bound)}`)
  return `${bounds.join(', ')} ${target.of === 'ratio' ? '× the limit' : unit}`
}

/** In words and not only in a colour or a sign. */
export function metText({ met }: Pick<Figure, 'met'>): string {
  return met === undefined ? '' : met ? 'met' : 'not met'
}

function boundsOf({ atLeast, atMost }: Target): readonly (readonly [string, number])[] {
  return [
    ...(atLeast === undefined ? [] : [['≥', atLeast] as const]),
    ...(atMost === undefined ? [] : [['≤', atMost] as const]),
  ]
}

function boundText({ of }: Target, bound: number): string {
  return of === 'ratio' ? bound.toFixed(2) : bound.toLocaleString('en-US')
}

function numberText(value: number): string {
  const size = Math.abs(value)
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}
