import type { AccountId } from '#values/ids.ts'

/** Whether any of the postings is on the account. */
export function touches(
  postings: readonly { readonly debit: AccountId; readonly credit: AccountId }[],
  account: AccountId,
): boolean {
  return postings.some(({ debit, credit }) => debit === account || credit === account)
}
