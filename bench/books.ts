import process from 'node:process'
import type { Server } from '#bench/processes.ts'

/** An atomic batch has no more. */
const batchMax = 500

/** Fewer than a transaction may have: its event stays small. */
const postingsMax = 250

/** A ledger to post to, with an account on either side. */
export async function openBooks(
  server: Pick<Server, 'url'>,
  ledgerId: string = 'bench',
): Promise<void> {
  await openLedger(server, ledgerId)
  await post(server, `/${ledgerId}/accounts`, { accountId: 'bank:cash', type: 'asset' })
  await post(server, `/${ledgerId}/accounts`, { accountId: 'users:alice', type: 'liability' })
}

/** Accounts without limits in the ledger of `openBooks`, `users:000000` and on. */
export async function openAccounts(server: Pick<Server, 'url'>, count: number): Promise<void> {
  for (let from = 0; from < count; from += batchMax) {
    const size = Math.min(batchMax, count - from)
    const commands = Array.from({ length: size }, (_, index) => ({
      command: 'OpenAccount',
      accountId: accountAt(from + index),
      type: 'equity',
    }))
    await post(server, '/bench/batches', { mode: 'atomic', commands })
  }
}

/** One transaction. @returns its revision. */
export async function deposit(server: Pick<Server, 'url'>, key: string): Promise<string> {
  const postings = [{ debit: 'bank:cash', credit: 'users:alice', asset: 'USD/2', amount: '1' }]
  const response = await send(server, '/bench/transactions', { body: { postings }, key })
  return response.headers.get('ledger-revision') ?? ''
}

/**
 * Gives each of the first accounts of `openAccounts` two entries: one transaction moves something from each to the next.
 * @returns the last revision.
 */
export async function passRound(
  server: Pick<Server, 'url'>,
  accounts: number,
  round: number,
): Promise<string> {
  let revision = ''
  for (let from = 0; from < accounts; from += postingsMax) {
    const size = Math.min(postingsMax, accounts - from)
    const postings = Array.from({ length: size }, (_, index) => ({
      debit: accountAt(from + index),
      credit: accountAt((from + index + 1) % accounts),
      asset: 'USD/2',
      amount: '1',
    }))
    const key = `round-${round}-${from}`
    const response = await send(server, '/bench/transactions', { body: { postings }, key })
    revision = response.headers.get('ledger-revision') ?? ''
  }
  return revision
}

function accountAt(index: number): string {
  return `users:${index.toString().padStart(6, '0')}`
}

/** Waits until the read models show a revision. */
export async function untilVisible(server: Pick<Server, 'url'>, revision: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${server.url}/v1/ledgers/bench/accounts/users:alice/balances`, {
      headers: { 'min-revision': revision },
    })
    const text = await response.text()
    if (response.ok) return
    if (response.status !== 503) throw new Error(text)
  }
}

async function openLedger(server: Pick<Server, 'url'>, ledgerId: string): Promise<void> {
  await post(server, '', { ledgerId, name: 'Bench', assets: [{ asset: 'USD/2' }] })
}

let posted = 0

async function post(server: Pick<Server, 'url'>, path: string, body: object): Promise<void> {
  posted += 1
  await send(server, path, { body, key: `open-${process.pid}-${posted}` })
}

async function send(
  server: Pick<Server, 'url'>,
  path: string,
  { body, key }: { readonly body: object; readonly key: string },
): Promise<Response> {
  const response = await fetch(`${server.url}/v1/ledgers${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return response
}
