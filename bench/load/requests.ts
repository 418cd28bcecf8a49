import { Buffer } from 'node:buffer'

/** What a client asks for, again and again. */
export type Asking =
  | ({ readonly request: 'transaction' } & Spread)
  | ({ readonly request: 'batch'; readonly size: number } & Spread)
  /** With `accounts` each request is for the next one of so many, `users:000000` and on, where the path says `{account}`; the first is number `from`. */
  | {
      readonly request: 'get'
      readonly path: string
      readonly accounts?: number | undefined
      readonly from?: number | undefined
    }

/** Over what transactions are spread. Undefined: one ledger, two accounts, those of `openBooks`. */
export type Spread = {
  /** Between two of so many accounts, `users:000000` and on. */
  readonly accounts?: number | undefined
  /** In this one ledger. */
  readonly ledger?: string | undefined
  /** In one of so many ledgers, `bench-000` and on. */
  readonly ledgers?: number | undefined
}

const countMark = '\u0001'.repeat(9)
const accountMark = '\u0002'.repeat(6)
const ledgerMark = '\u0003'.repeat(3)

/**
 * The requests of one connection. Each call writes the next one into the same bytes, over the last: only its key and
 * what it is spread over change. Whoever sends it has had the answer to the last before.
 */
export function requestsOf(asking: Asking, keyBegin: string): () => Buffer {
  if (asking.request === 'get') return getsOf(asking)
  const text = postText(asking, keyBegin)
  const bytes = Buffer.from(text, 'latin1')
  const counts = placesOf(text, countMark)
  const accounts = placesOf(text, accountMark)
  const ledgers = placesOf(text, ledgerMark)
  let count = 0
  return () => {
    count += 1
    for (const place of counts) writeDigits(bytes, place, count)
    for (const place of ledgers) writeDigits(bytes, place, below(asking.ledgers ?? 1))
    writePairs(bytes, accounts, asking.accounts ?? 2)
    return bytes
  }
}

let asked = 0

/** All connections take their accounts out of one row, so that none comes again before all others have. */
function getsOf({
  path,
  accounts = 1,
  from = 0,
}: Extract<Asking, { request: 'get' }>): () => Buffer {
  const target = path.replaceAll('{account}', `users:${accountMark}`)
  const text = `GET ${target} HTTP/1.1\r\nHost: bench\r\n\r\n`
  const bytes = Buffer.from(text, 'latin1')
  const places = placesOf(text, accountMark)
  return () => {
    for (const place of places) writeDigits(bytes, place, (from + asked) % accounts)
    asked += 1
    return bytes
  }
}

function postText(asking: Exclude<Asking, { request: 'get' }>, keyBegin: string): string {
  const [debit, credit] =
    asking.accounts === undefined
      ? ['bank:cash', 'users:alice']
      : [`users:${accountMark}`, `users:${accountMark}`]
  const transaction = { postings: [{ debit, credit, asset: 'USD/2', amount: '1' }] }
  const body = asking.request === 'transaction' ? transaction : batchOf(transaction, asking.size)
  const text = plain(JSON.stringify(body))
  const { ledgers, ledger = ledgers === undefined ? 'bench' : `bench-${ledgerMark}` } = asking
  const noun = asking.request === 'transaction' ? 'transactions' : 'batches'
  return [
    `POST /v1/ledgers/${ledger}/${noun} HTTP/1.1`,
    'Host: bench',
    'Content-Type: application/json',
    `Idempotency-Key: ${keyBegin}-${countMark}`,
    `Content-Length: ${text.length}`,
    '',
    text,
  ].join('\r\n')
}

function batchOf(transaction: object, size: number): object {
  const commands = Array.from({ length: size }, () => ({
    command: 'PostTransaction',
    ...transaction,
  }))
  return { mode: 'independent', commands }
}

/** The marks as they are, not as JSON writes them: each is one byte to be written over. */
function plain(json: string): string {
  return json.replaceAll(String.raw`\u0002`, '\u0002')
}

type Place = { readonly at: number; readonly width: number }

function placesOf(text: string, mark: string): readonly Place[] {
  const places: Place[] = []
  for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, at + mark.length))
    places.push({ at, width: mark.length })
  return places
}

/** Two different accounts in places that follow each other. */
function writePairs(bytes: Buffer, places: readonly Place[], accounts: number): void {
  let other = 0
  for (const [index, place] of places.entries()) {
    const account = index % 2 === 0 ? below(accounts) : other
    if (index % 2 === 0) other = (account + 1 + below(accounts - 1)) % accounts
    writeDigits(bytes, place, account)
  }
}

function writeDigits(bytes: Buffer, { at, width }: Place, value: number): void {
  let left = value
  for (let index = at + width - 1; index >= at; index -= 1) {
    bytes[index] = 48 + (left % 10)
    left = Math.floor(left / 10)
  }
}

function below(bound: number): number {
  return Math.floor(Math.random() * bound)
}
