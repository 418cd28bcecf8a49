import type { JsonObject } from '#values/json.ts'

/** What a decision came to: the one fact to record, one reason why not, or (the program's own commands only) nothing to do. */
export type Decision<Event, Code extends string> =
  | Accepted<Event>
  | Rejection<Code>
  | { readonly outcome: 'nothing' }

export type Accepted<Event> = { readonly outcome: 'accepted'; readonly event: Event }

/** A refusal as a value: a stable code, one sentence for people, the numbers for programs. */
export type Rejection<Code extends string> = {
  readonly outcome: 'rejected'
  readonly code: Code
  readonly detail: string
  readonly context: JsonObject
}

export const nothing = { outcome: 'nothing' } as const

export function accept<Event>(event: Event): Accepted<Event> {
  return { outcome: 'accepted', event }
}

export function reject<Code extends string>(
  code: Code,
  detail: string,
  context: JsonObject = {},
): Rejection<Code> {
  return { outcome: 'rejected', code, detail, context }
}
