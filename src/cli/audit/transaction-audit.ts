import { digest, type Envelope } from '#cli/audit/envelope-audit.ts'
import type { Note } from '#cli/audit/finding.ts'
import { JsonReader, Unreadable } from '#cli/audit/json-reader.ts'
import type { AuditedPosting, NaiveBooks } from '#cli/audit/naive-books.ts'

/** The stored JSON of an earlier event of the same ledger. */
export type Earlier = (revision: bigint) => Promise<string | undefined>

/** Checks a transaction, reversal or reinstatement, and books it. */
export async function auditTransaction(
  books: NaiveBooks,
  event: Envelope,
  { earlier, note }: { readonly earlier: Earlier; readonly note: Note },
): Promise<void> {
  const { data } = event
  const postings = postingsIn(data)
  checkPostings(books, postings, note)
  checkEffectiveAt(event, note)
  claimReference(books, data, note)
  const kind = data.text('kind')
  if (kind !== 'transaction') await checkUndoing(books, event, { earlier, note })
  else if (data.has('reverses')) note('reversals', 'a transaction claims to reverse another')
  const shifts = postings.map((posting) => ({ posting, posted: posting.amount, pending: 0n }))
  books.move(shifts, data.objects('balances'), note)
}

export function postingsIn(data: JsonReader): readonly AuditedPosting[] {
  return data.objects('postings').map((posting) => ({
    debit: posting.text('debit'),
    credit: posting.text('credit'),
    asset: posting.text('asset'),
    amount: posting.integer('amount'),
  }))
}

/** Every posting moves something positive of a registered asset between two accounts that take it. */
export function checkPostings(
  books: NaiveBooks,
  postings: readonly AuditedPosting[],
  note: Note,
): void {
  if (postings.length === 0) note('accounts', 'there is no posting')
  for (const { debit, credit, asset, amount } of postings) {
    if (amount <= 0n) note('sum-zero', `a posting moves ${amount} ${asset}`)
    if (debit === credit) note('accounts', `a posting debits and credits ${debit}`)
    if (!books.assets.has(asset)) note('accounts', `asset ${asset} was never registered`)
    checkTakes(books, { accountId: debit, side: 'debits' }, note)
    checkTakes(books, { accountId: credit, side: 'credits' }, note)
  }
}

export function checkEffectiveAt({ data, recordedAt }: Envelope, note: Note): void {
  const effectiveAt = data.text('effectiveAt')
  if (effectiveAt > recordedAt) note('time', `effective at ${effectiveAt}, after it was recorded`)
}

/** One external reference, one transaction or hold. */
export function claimReference({ references }: NaiveBooks, data: JsonReader, note: Note): void {
  const reference = data.optionalText('externalReference')
  if (reference === undefined) return
  if (references.has(digest(reference)))
    note('references', `external reference ${reference} was used before`)
  references.add(digest(reference))
}

function checkTakes(
  books: NaiveBooks,
  { accountId, side }: { readonly accountId: string; readonly side: 'debits' | 'credits' },
  note: Note,
): void {
  const { closed, frozen } = books.account(accountId)
  if (closed) note('accounts', `${accountId} is closed and moves`)
  if (frozen === side || frozen === 'all')
    note('accounts', `${accountId} is frozen for ${frozen} and takes ${side}`)
}

/** What is undone: the earlier transaction, and how much of each of its postings. */
type Undone = {
  readonly target: JsonReader
  readonly targetId: string
  readonly amounts: readonly bigint[]
}

async function checkUndoing(
  books: NaiveBooks,
  event: Envelope,
  { earlier, note }: { readonly earlier: Earlier; readonly note: Note },
): Promise<void> {
  const { data, revision } = event
  const targetId = data.text('reverses')
  const json = BigInt(targetId) < revision ? await earlier(BigInt(targetId)) : undefined
  if (json === undefined) throw new Unreadable(`there is no earlier transaction ${targetId}`)
  const target = new JsonReader(JSON.parse(json), 'target').object('data')
  if (data.text('effectiveAt') < target.text('effectiveAt'))
    note('reversals', `is effective before transaction ${targetId}, which it reverses`)
  const undone = { target, targetId, amounts: undoneAmounts(data, target, note) }
  const reinstates = data.text('kind') === 'reinstatement'
  const targetKind = target.optionalText('kind') ?? 'transaction'
  if (targetKind !== (reinstates ? 'reversal' : 'transaction'))
    note('reversals', `a ${data.text('kind')} undoes a ${targetKind}`)
  if (reinstates) reinstate(books, data, { undone, note })
  else add(books, undone, note)
}

/** Per posting of the target; each posting made is the target's, the other way round. */
function undoneAmounts(data: JsonReader, target: JsonReader, note: Note): readonly bigint[] {
  const originals = postingsIn(target)
  const amounts = originals.map(() => 0n)
  for (const [index, posting] of data.objects('postings').entries()) {
    const source = posting.count('source')
    const original = originals[source]
    if (original === undefined || amounts[source] !== 0n)
      throw new Unreadable(`posting ${index} has the source ${source}`)
    amounts[source] = posting.integer('amount')
    const isTurned =
      posting.text('debit') === original.credit &&
      posting.text('credit') === original.debit &&
      posting.text('asset') === original.asset
    if (!isTurned) note('reversals', `posting ${index} is not posting ${source} turned round`)
  }
  return amounts
}

function add({ reversed }: NaiveBooks, { target, targetId, amounts }: Undone, note: Note): void {
  const sums = reversed.get(targetId) ?? amounts.map(() => 0n)
  reversed.set(targetId, sums)
  for (const [index, { amount }] of postingsIn(target).entries()) {
    sums[index] = (sums[index] ?? 0n) + (amounts[index] ?? 0n)
    if (sums[index] > amount)
      note(
        'reversals',
        `${sums[index]} of ${amount} of posting ${index} of ${targetId} are reversed`,
      )
  }
}

/** Gives back, once and whole, what a reversal took from the original. */
function reinstate(
  { reversed }: NaiveBooks,
  data: JsonReader,
  { undone: { target, targetId, amounts }, note }: { readonly undone: Undone; readonly note: Note },
): void {
  if (reversed.has(targetId)) note('reversals', `reversal ${targetId} was reinstated before`)
  reversed.set(targetId, [...amounts])
  if (postingsIn(target).some(({ amount }, index) => amount !== amounts[index]))
    note('reversals', `reversal ${targetId} is not reinstated whole`)
  const original = {
    id: target.text('reverses'),
    sums: reversed.get(target.text('reverses')) ?? [],
  }
  if (data.object('reinstates').text('transactionId') !== original.id)
    note('reversals', `does not reinstate ${original.id}, which ${targetId} reversed`)
  const given = data.object('reinstates').integers('amounts')
  giveBack(original, { given, taken: target.objects('postings'), note })
}

/** Takes what the reversal took off what of the original is reversed. */
function giveBack(
  { id, sums }: { readonly id: string; readonly sums: bigint[] },
  about: {
    readonly given: readonly bigint[]
    readonly taken: readonly JsonReader[]
    readonly note: Note
  },
): void {
  const { given, taken, note } = about
  for (const posting of taken) {
    const source = posting.count('source')
    const amount = posting.integer('amount')
    if (given[source] !== amount)
      note('reversals', `gives back ${given[source] ?? 0n} of posting ${source} of ${id}`)
    sums[source] = (sums[source] ?? 0n) - amount
    if (sums[source] < 0n) note('reversals', `more of ${id} is reinstated than reversed`)
  }
  if (given.filter((amount) => amount !== 0n).length !== taken.length)
    note('reversals', `gives back other postings of ${id} than were reversed`)
}
