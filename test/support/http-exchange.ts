import type { IncomingHttpHeaders } from 'node:http'
import type { Json } from '#values/json.ts'

/** One request, as it will be sent. A body that is text or bytes goes out as it is. */
export type Sent = {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Json | Buffer
}

/** One answer, whole. */
export type Answer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** Undefined where it is no JSON. */
  readonly body: unknown
  /** What stands at a path of names and indexes of the body. */
  at(...path: readonly (string | number)[]): unknown
  /** The same, where it must be a string. */
  string(...path: readonly (string | number)[]): string
  /** `Ledger-Revision`, which must be there. */
  readonly revision: bigint
}
