import { hash } from 'node:crypto'
import { canonicalJson } from '#values/canonical-json.ts'
import type { JsonObject } from '#values/json.ts'

/** A request's RFC 8785 form and its SHA-256 in hex: what tells a retry from another request under the same key. */
export type Fingerprinted = { readonly canonical: string; readonly fingerprint: string }

export function fingerprinted(request: JsonObject): Fingerprinted {
  const canonical = canonicalJson(request)
  return { canonical, fingerprint: fingerprintOf(canonical) }
}

/** SHA-256 in hex of a canonical form. */
export function fingerprintOf(canonical: string): string {
  return hash('sha256', canonical)
}
