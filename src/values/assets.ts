/** `CODE/scale`, e.g. `USD/2`: what is counted, and how many decimal places its smallest unit stands for. */
export type Asset = string

const assetPattern = /^[A-Z][A-Z0-9_]{0,16}\/(0|[1-9]|1[0-8])$/

export function isAsset(value: unknown): value is Asset {
  return typeof value === 'string' && assetPattern.test(value)
}
