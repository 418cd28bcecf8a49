import type { EventToAppend } from '#ports/event-store.ts'
import type { Attempt } from '#test/support/history-checker.ts'
import { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { depositing, moving, openAcme, wellFormed, WriteSide } from '#test/support/write-side.ts'
import type { Wish } from '#test/interleavings/writer-orders.ts'

const dueMs = 30_000

/** The log that every run of writers begins with. */
export type Prelude = {
  readonly events: readonly EventToAppend[]
  readonly attempts: readonly Attempt[]
}

/** Books with some money in them, and at revision 6 a hold that is due a minute later. */
export async function writePrelude(): Promise<Prelude> {
  const store = new MemoryEventStore()
  const side = new WriteSide({ store, writer: 'prelude' })
  const wishes = [
    ['OpenLedger', openAcme],
    ['OpenAccount', { accountId: 'bank:cash', type: 'asset' }],
    ['OpenAccount', { accountId: 'users:alice', type: 'liability' }],
    ['OpenAccount', { accountId: 'users:bob', type: 'liability' }],
    ['PostTransaction', depositing('2000')],
    ['PostTransaction', moving('bank:cash', 'users:bob', '500')],
    ['PlaceHold', { ...moving('users:alice', 'users:bob', '300'), expiresAt: soon(side) }],
  ] as const
  const attempts: Attempt[] = []
  for (const [command, members] of wishes) {
    const key = `prelude ${command} ${attempts.length}`
    await side.ask(command, members, { key })
    attempts.push(attemptOf({ command, members }, key))
  }
  await side[Symbol.asyncDispose]()
  return { events: store.appends.flatMap(({ events }) => events), attempts }
}

function soon({ clock }: WriteSide): string {
  return new Date(clock.now() + dueMs).toISOString()
}

function attemptOf({ command, members }: Wish, key: string): Attempt {
  const { request } = wellFormed(command, members)
  return { ledgerId: 'acme', key, isAtomic: false, commands: [{ key, request }] }
}
