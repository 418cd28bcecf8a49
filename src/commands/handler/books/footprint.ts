import type { KeptBooks } from '#commands/handler/books/kept-books.ts'
import { weightOfMetadata, weightOfText } from '#commands/handler/books/weights.ts'
import type { Account, Hold } from '#ledger/ledger.ts'

/** Bytes of heap, as `bench/memory.ts` measures them, rounded up; of a fact without its key and value. */
const bytesEach = { account: 500, balance: 160, hold: 560, fact: 80, ledger: 4_096 }

// Looking at all of a million accounts would take longer than what it is for.
const sampled = 100

/** Bytes of heap that books take, about. */
export function footprintOf({ ledger, weight, remembered, filter }: KeptBooks): number {
  const { head, accounts, openHolds } = ledger
  const balancesEach = meanOf(accounts.values(), ({ balances }: Account) => balances.size)
  const postingsEach = meanOf(openHolds.values(), ({ postings }: Hold) => postings.length)
  return (
    bytesEach.ledger +
    accounts.size * (bytesEach.account + balancesEach * bytesEach.balance) +
    openHolds.size * bytesEach.hold * Math.max(1, postingsEach) +
    remembered.inMemory * bytesEach.fact +
    weightOfText(head.name) +
    weightOfMetadata(head.metadata) +
    weight() +
    remembered.weight +
    filter.bytes
  )
}

/** Of the first ones. */
function meanOf<Item>(items: Iterator<Item>, sizeOf: (item: Item) => number): number {
  let [count, sum] = [0, 0]
  for (let next = items.next(); next.done !== true && count < sampled; next = items.next()) {
    count += 1
    sum += sizeOf(next.value)
  }
  return count === 0 ? 0 : sum / count
}
