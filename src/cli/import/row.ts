import type { Json } from '#values/json.ts'

/** One command of an import as it was read: an item of a batch plus `ledgerId`, or why it is none. `line` counts from 1. */
export type Row =
  | { readonly line: number; readonly item: Json }
  | { readonly line: number; readonly malformed: string }
