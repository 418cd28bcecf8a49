import type { JsonObject } from '#values/json.ts'

/** A refusal is history too: what was asked (absent where it would not fit an event) and why not. */
export type CommandRejected = {
  readonly type: 'CommandRejected'
  readonly data: {
    readonly command: string
    readonly request?: JsonObject
    readonly status: number
    readonly code: string
    readonly detail: string
    readonly context: JsonObject
  }
}
