/** Columns of text, two spaces apart; those named in `right` are aligned to the right. */
export function table(
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number> = new Set(),
): readonly string[] {
  const widths: number[] = []
  for (const row of rows)
    for (const [index, cell] of row.entries())
      widths[index] = Math.max(widths[index] ?? 0, cell.length)
  return rows.map((row) =>
    row
      .map((cell, index) => {
        const width = widths[index] ?? 0
        return right.has(index) ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

/** An amount in the smallest unit as people write it: 1250 of `EUR/2` is 12.50. */
export function decimal(amount: string, asset: string): string {
  const scale = Number(asset.split('/')[1] ?? 0)
  if (scale === 0) return amount
  const sign = amount.startsWith('-') ? '-' : ''
  const digits = amount.slice(sign.length).padStart(scale + 1, '0')
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}
