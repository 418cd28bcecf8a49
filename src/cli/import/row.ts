import type { Json } from '#values/json.ts'

/**
 * One command of an import: an item of a batch plus `ledgerId`, or why it is none and what stood there. `line` counts from
 * 1. `text` is the item's JSON where its numbers may have lost digits.
 */
export type Row =
  | { readonly line: number; readonly item: Json; readonly text?: string }
  | { readonly line: number; readonly malformed: string; readonly asRead: Json }
