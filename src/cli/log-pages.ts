import { ToolFailed } from '#cli/subcommand.ts'
import { ledgerOfStream, ledgerStream } from '#events/stream-names.ts'
import type { EventStore, StoredEvent } from '#ports/event-store.ts'
import type { LedgerId } from '#values/ids.ts'

const pageSize = 1_000

/** One ledger's events from a revision on, up to the last one there is at the beginning (or `to`), a page at a time. */
export async function* ledgerPages(
  store: Pick<EventStore, 'head' | 'readStream'>,
  ledgerId: LedgerId,
  { from = 0n, to }: { readonly from?: bigint; readonly to?: bigint | undefined } = {},
): AsyncGenerator<readonly StoredEvent[]> {
  const head = await ledgerHead(store, ledgerId)
  const last = to !== undefined && to < head ? to : head
  for (let next = from; next <= last; ) {
    const left = Number(last - next) + 1
    const page = await store.readStream(ledgerStream(ledgerId), next, Math.min(left, pageSize))
    if (page.length === 0) return
    yield page
    next = (page.at(-1)?.revision ?? last) + 1n
  }
}

/** @throws {ToolFailed} when there is no such ledger. */
export async function ledgerHead(
  store: Pick<EventStore, 'head'>,
  ledgerId: LedgerId,
): Promise<bigint> {
  const head = await store.head(ledgerStream(ledgerId))
  if (head === 'no-stream') throw new ToolFailed(`there is no ledger ${ledgerId}.`)
  return head
}

/** The events of all ledgers in the order of the log, a page at a time. */
export async function* allPages(
  store: Pick<EventStore, 'readAll'>,
): AsyncGenerator<readonly StoredEvent[]> {
  let after: bigint | undefined
  for (;;) {
    const page = await store.readAll(after, pageSize)
    if (page.length === 0) return
    yield page.filter(({ stream }) => ledgerOfStream(stream) !== undefined)
    after = page.at(-1)?.position
  }
}
