/** Any value that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

export type JsonObject = { readonly [name: string]: Json | undefined }

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const refusedNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** Whether a name reaches for prototypes: no member may have it, wherever it comes from. */
export function isRefusedName(name: string): boolean {
  return refusedNames.has(name)
}
