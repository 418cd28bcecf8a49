import type { Envelope } from '#cli/audit/envelope-audit.ts'
import type { Note } from '#cli/audit/finding.ts'
import { Unreadable } from '#cli/audit/json-reader.ts'
import type { AuditedHold, AuditedPosting, NaiveBooks } from '#cli/audit/naive-books.ts'
import {
  checkEffectiveAt,
  checkPostings,
  claimReference,
  postingsIn,
} from '#cli/audit/transaction-audit.ts'

/** Checks an event about a hold and books it. */
export function auditHold(books: NaiveBooks, event: Envelope, note: Note): void {
  if (event.type === 'HoldPlaced') return placed(books, event, note)
  const hold = books.openHolds.get(event.data.text('holdId'))
  if (hold === undefined) throw new Unreadable(`hold ${event.data.text('holdId')} is not open`)
  checkDue(hold, event, note)
  if (event.data.integer('previous') !== hold.last)
    note('holds', `its previous is ${event.data.text('previous')}, it was ${hold.last}`)
  hold.last = event.revision
  if (event.type === 'HoldCaptured') capture(books, event, { hold, note })
  else if (event.type === 'HoldExtended') extend(books, event, { hold, note })
  else release(books, event, { hold, note })
}

/** Σ of what open holds have left must be what the accounts have pending. */
export function checkPending(books: NaiveBooks, note: Note): void {
  const pending = new Map<string, bigint>()
  const add = (place: string, amount: bigint) =>
    pending.set(place, (pending.get(place) ?? 0n) + amount)
  for (const hold of books.openHolds.values())
    for (const [index, { debit, credit, asset }] of hold.postings.entries()) {
      add(`debits ${debit} ${asset}`, left(hold, index))
      add(`credits ${credit} ${asset}`, left(hold, index))
    }
  for (const { accountId, totals } of books.accounts.values())
    for (const [asset, { pendingDebits, pendingCredits }] of totals) {
      const debits = pending.get(`debits ${accountId} ${asset}`) ?? 0n
      const credits = pending.get(`credits ${accountId} ${asset}`) ?? 0n
      if (debits !== pendingDebits || credits !== pendingCredits)
        note('holds', `${accountId} has pending ${asset} that its open holds don't make`)
    }
}

type About = { readonly hold: AuditedHold; readonly note: Note }

function placed(books: NaiveBooks, event: Envelope, note: Note): void {
  const { data, revision, recordedAt } = event
  const postings = postingsIn(data)
  checkPostings(books, postings, note)
  claimReference(books, data, note)
  const expiresAt = data.optionalText('expiresAt')
  if (expiresAt !== undefined && expiresAt <= recordedAt)
    note('holds', `expires at ${expiresAt}, when it was recorded or before`)
  const captured = postings.map(() => 0n)
  books.openHolds.set(revision.toString(), { postings, captured, expiresAt, last: revision })
  const shifts = postings.map((posting) => ({ posting, posted: 0n, pending: posting.amount }))
  books.move(shifts, data.objects('balances'), note)
}

/** From its expiry on a hold can only expire, and before it can't. */
function checkDue({ expiresAt }: AuditedHold, { type, recordedAt }: Envelope, note: Note): void {
  const isDue = expiresAt !== undefined && expiresAt <= recordedAt
  if (type === 'HoldExpired' && !isDue) note('holds', 'the hold expired before it was due')
  if (type !== 'HoldExpired' && isDue) note('holds', `${type} after the hold expired`)
}

function capture(books: NaiveBooks, event: Envelope, { hold, note }: About): void {
  const { data } = event
  const amounts = data.integers('amounts')
  checkEffectiveAt(event, note)
  claimReference(books, data, note)
  const taken = hold.postings.filter((_, index) => amounts[index] !== 0n)
  checkPostings(books, taken, note)
  for (const index of hold.postings.keys()) {
    const amount = amounts[index] ?? 0n
    if (amount < 0n || amount > left(hold, index))
      note('holds', `captures ${amount} of posting ${index}, ${left(hold, index)} are left`)
    hold.captured[index] = (hold.captured[index] ?? 0n) + amount
  }
  checkCapturedPostings(event, { hold, note })
  const rest = hold.postings.map((_, index) => left(hold, index))
  const final = rest.every((amount) => amount === 0n) || data.flag('final')
  if (final !== data.flag('final')) note('holds', 'nothing is left, and the capture is not final')
  const released = rest.map((amount) => (final ? amount : 0n))
  checkList({ name: 'released', said: data.integers('released'), made: released }, note)
  const remaining = rest.map((amount) => (final ? 0n : amount))
  checkList({ name: 'remaining', said: data.integers('remaining'), made: remaining }, note)
  if (final) books.openHolds.delete(data.text('holdId'))
  const shifts = hold.postings.map((posting, index) => {
    const posted = amounts[index] ?? 0n
    return { posting, posted, pending: -posted - (released[index] ?? 0n) }
  })
  books.move(shifts, data.objects('balances'), note)
}

/** The transaction of a capture has the hold's postings, with the amounts captured, without the zero ones. */
function checkCapturedPostings({ data }: Envelope, { hold, note }: About): void {
  const amounts = data.integers('amounts')
  const made = hold.postings.flatMap((posting, source) =>
    amounts[source] === 0n
      ? []
      : [`${source} ${lineOf({ ...posting, amount: amounts[source] ?? 0n })}`],
  )
  const sources = data.objects('postings').map((posting) => posting.count('source'))
  const said = postingsIn(data).map((posting, index) => `${sources[index]} ${lineOf(posting)}`)
  if (said.join('; ') !== made.join('; '))
    note('holds', `posts ${said.join('; ')}, not ${made.join('; ')}`)
}

function extend(books: NaiveBooks, event: Envelope, { hold, note }: About): void {
  const { data, recordedAt } = event
  if (data.optionalText('before') !== hold.expiresAt)
    note('holds', `says that it expired at ${data.optionalText('before')}, not ${hold.expiresAt}`)
  hold.expiresAt = data.text('after')
  if (hold.expiresAt <= recordedAt) note('holds', `is extended to ${hold.expiresAt}, the past`)
  const shifts = hold.postings.map((posting) => ({ posting, posted: 0n, pending: 0n }))
  books.move(shifts, data.objects('balances'), note)
}

function release(books: NaiveBooks, { data }: Envelope, { hold, note }: About): void {
  const rest = hold.postings.map((_, index) => left(hold, index))
  checkList({ name: 'released', said: data.integers('released'), made: rest }, note)
  books.openHolds.delete(data.text('holdId'))
  const shifts = hold.postings.map((posting, index) => ({
    posting,
    posted: 0n,
    pending: -(rest[index] ?? 0n),
  }))
  books.move(shifts, data.objects('balances'), note)
}

function left(hold: AuditedHold, index: number): bigint {
  return (hold.postings[index]?.amount ?? 0n) - (hold.captured[index] ?? 0n)
}

function checkList(
  { name, said, made }: { name: string; said: readonly bigint[]; made: readonly bigint[] },
  note: Note,
): void {
  if (said.join() !== made.join())
    note('holds', `says ${name} ${said.join(', ')}, its history makes ${made.join(', ')}`)
}

function lineOf({ debit, credit, asset, amount }: AuditedPosting): string {
  return `${debit} ${credit} ${asset} ${amount}`
}
