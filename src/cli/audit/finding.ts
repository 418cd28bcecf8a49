/** A place where the log, or a read model, is not what the rules say. `revision` is absent where it is about no single event. */
export type Finding = {
  readonly ledgerId: string
  readonly revision?: string
  readonly rule: Rule
  readonly detail: string
}

/** The same of a stream that is the program's own, and of no ledger. */
export type OwnFinding = {
  readonly stream: string
  readonly revision: string
  readonly rule: 'acts'
  readonly detail: string
}

/** The same of all that the read models are stored in, and of no ledger. */
export type StoreFinding = { readonly rule: 'read-models'; readonly detail: string }

/** What was broken; the numbers are those of the rules that always hold. */
export type Rule =
  | 'envelope'
  | 'canonical-bytes'
  | 'event-id'
  | 'sum-zero' // 1
  | 'limits' // 2
  | 'holds' // 3
  | 'reversals' // 4
  | 'revisions' // 5
  | 'time' // 5
  | 'keys' // 6
  | 'references' // 6
  | 'accounts'
  | 'balances'
  | 'read-model' // 7

/** Takes note of a broken rule; the audit goes on. */
export type Note = (rule: Rule, detail: string) => void
