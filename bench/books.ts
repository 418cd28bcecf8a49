import type { Server } from '#bench/processes.ts'

/** A ledger to post to, with an account on either side. */
export async function openBooks(server: Server): Promise<void> {
  await post(server, '', { ledgerId: 'bench', name: 'Bench', assets: [{ asset: 'USD/2' }] })
  await post(server, '/bench/accounts', { accountId: 'bank:cash', type: 'asset' })
  await post(server, '/bench/accounts', { accountId: 'users:alice', type: 'liability' })
}

async function post(server: Server, path: string, body: object): Promise<void> {
  const response = await fetch(`${server.url}/v1/ledgers${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'idempotency-key': `open${path}${JSON.stringify(body).length}`,
    },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(await response.text())
}
