import { createHmac, timingSafeEqual } from 'node:crypto'
import { canonicalJson } from '#values/canonical-json.ts'
import type { JsonObject } from '#values/json.ts'

/** Where a list goes on: the sort values and id of the last item seen. */
export type Keyset = readonly string[]

/** Makes cursors that only this installation can make, each good for one question alone. */
export type CursorSigner = {
  /** `question` is everything that the cursor is bound to: the query, the ledger, its filter. */
  seal(question: JsonObject, keyset: Keyset): string
  /** Undefined for what was not sealed here for this very question. */
  open(question: JsonObject, cursor: string): Keyset | undefined
}

const macBytes = 32
const cursorCharactersMax = 4096

/** A cursor is base64url of HMAC-SHA256(question, keyset) and the keyset's JSON. */
export function cursorSigner(secret: string): CursorSigner {
  const macOf = (question: JsonObject, keysetJson: string) =>
    createHmac('sha256', secret)
      .update('daybook cursor 1\n')
      .update(`${canonicalJson(question)}\n`)
      .update(keysetJson)
      .digest()

  return {
    seal(question, keyset) {
      const json = JSON.stringify(keyset)
      return Buffer.concat([macOf(question, json), Buffer.from(json)]).toString('base64url')
    },

    open(question, cursor) {
      if (cursor.length > cursorCharactersMax || !/^[A-Za-z0-9_-]+$/.test(cursor)) return undefined
      const bytes = Buffer.from(cursor, 'base64url')
      if (bytes.length <= macBytes || bytes.toString('base64url') !== cursor) return undefined
      const json = bytes.subarray(macBytes).toString('utf8')
      if (!timingSafeEqual(bytes.subarray(0, macBytes), macOf(question, json))) return undefined
      const keyset: Keyset = JSON.parse(json)
      return keyset
    },
  }
}
