import * as fc from 'fast-check'
import type { JsonObject } from '#values/json.ts'
import { storeFaultMax } from '#test/support/scheduled-event-store.ts'
import { item, moving } from '#test/support/write-side.ts'

/** What a client wants done under one key, and how it goes about it. */
export type Order = {
  readonly ledgerId: string
  readonly mode: 'single' | 'rehearsal' | 'atomic' | 'independent'
  readonly commands: readonly Wish[]
  /** The process that is asked first. */
  readonly to: number
  /** Sent to two processes at once, as when a client's own time-out was too short. */
  readonly isTwice: boolean
  /** Whether the client asks the same process again, and not another. */
  readonly isLoyal: boolean
  /** Whether the client tries again when it was told that nothing was stored. */
  readonly isInsisting: boolean
  /** Other requests that somebody sends under the same key meanwhile: at most one of them all can come true. */
  readonly rivals: readonly Order[]
  /** Whether the key is that of the only item of a batch that has a key of its own. */
  readonly isWithin?: boolean
}

/** Sends its orders one after the other; one that is hasty does not wait for their outcomes. */
export type Client = { readonly isHasty: boolean; readonly orders: readonly Order[] }

export type Wish = { readonly command: string; readonly members: JsonObject }

/** What several processes that write two ledgers are asked, and what befalls them. */
export type WriterPlan = {
  readonly clients: readonly Client[]
  /** For each process what goes wrong with its calls of the store, and which of its long pauses end early. */
  readonly faults: readonly (readonly number[])[]
  readonly hurry: readonly number[]
  readonly kills: readonly { readonly process: number; readonly after: number }[]
}

/** The hold of the log that every run begins with; it is due. */
const dueHoldId = '6'

const amounts = fc.integer({ min: 1, max: 1_200 }).map(String)
const money: fc.Arbitrary<Wish> = fc.oneof(
  amounts.map((amount) => wish('PostTransaction', moving('users:alice', 'users:bob', amount))),
  amounts.map((amount) => wish('PostTransaction', moving('users:bob', 'users:alice', amount))),
  amounts.map((amount) => wish('PostTransaction', moving('bank:cash', 'users:alice', amount))),
  amounts.map((amount) => wish('PlaceHold', moving('users:alice', 'users:bob', amount))),
)
const ending: fc.Arbitrary<Wish> = fc.constantFrom(
  wish('ExpireHold', { holdId: dueHoldId }),
  wish('CaptureHold', { holdId: dueHoldId, amounts: ['100'] }),
)
const beginning: fc.Arbitrary<Wish> = fc.constantFrom(
  wish('OpenLedger', { ledgerId: 'umbra', name: 'Umbra', assets: [{ asset: 'USD/2' }] }),
  wish('OpenAccount', { accountId: 'bank:cash', type: 'asset' }),
  wish('RegisterAsset', { asset: 'GBP/2' }),
)

const rivals = fc.constant<readonly Order[]>([])
const manner = {
  // Those that are asked more have more to do at a time.
  to: fc.constantFrom(0, 0, 0, 1, 2),
  isTwice: fc.boolean(),
  isLoyal: fc.boolean(),
  isInsisting: fc.boolean(),
  rivals,
}
const single = fc.constantFrom('single' as const, 'single' as const, 'rehearsal' as const)
const batch = fc.constantFrom('atomic' as const, 'independent' as const)
const one = (wishes: fc.Arbitrary<Wish>) => wishes.map((each) => [each])
const some = fc.array(money, { minLength: 1, maxLength: 3 })

const alone: fc.Arbitrary<Order> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      ...manner,
      ledgerId: fc.constant('acme'),
      mode: single,
      commands: one(money),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      ...manner,
      ledgerId: fc.constant('acme'),
      mode: single,
      commands: one(ending),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      ...manner,
      ledgerId: fc.constant('acme'),
      mode: batch,
      commands: some,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      ...manner,
      ledgerId: fc.constant('umbra'),
      mode: single,
      commands: one(beginning),
    }),
  },
)

/** Batches that wait for each other in one process: who of them goes on when the first could not be stored? */
const independent: fc.Arbitrary<Order> = fc.record({
  ...manner,
  ledgerId: fc.constant('acme'),
  mode: fc.constant('independent'),
  to: fc.constant(0),
  commands: some,
})

/** Its item wants the key that its rival has as a whole. */
const within: fc.Arbitrary<Order> = fc.record({
  ...manner,
  ledgerId: fc.constant('acme'),
  mode: batch,
  to: fc.constant(0),
  commands: one(money),
  isWithin: fc.constant(true),
})

const order: fc.Arbitrary<Order> = fc.oneof(
  { weight: 10, arbitrary: alone },
  { weight: 2, arbitrary: fc.tuple(alone, alone).map(asRivals) },
  { weight: 2, arbitrary: fc.tuple(independent, independent, independent).map(asRivals) },
  { weight: 1, arbitrary: fc.tuple(within, independent).map(asRivals) },
)

const client: fc.Arbitrary<Client> = fc.record({
  isHasty: fc.boolean(),
  orders: fc.array(order, { minLength: 1, maxLength: 4, size: 'max' }),
})

/** Mostly nothing goes wrong: otherwise nobody ever gets anywhere. */
const faults = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: storeFaultMax }) },
  ),
  { maxLength: 40, size: 'max' },
)

export const writerPlans: fc.Arbitrary<WriterPlan> = fc.record({
  clients: fc.array(client, { minLength: 1, maxLength: 4, size: 'max' }),
  faults: fc.tuple(faults, faults, faults),
  hurry: fc.array(fc.nat(1), { maxLength: 16, size: 'max' }),
  kills: fc.array(fc.record({ process: fc.nat(2), after: fc.nat(12) }), { maxLength: 2 }),
})

function asRivals([first, ...others]: readonly [Order, ...Order[]]): Order {
  return { ...first, rivals: others.map((each) => ({ ...each, ledgerId: first.ledgerId })) }
}

function wish(command: string, members: JsonObject): Wish {
  return { command, members }
}

/** The commands as items of a batch; `key` is what an item has instead of the batch. */
export function itemsOf({ commands, isWithin }: Order, key: string): readonly JsonObject[] {
  return commands.map(({ command, members }) => item(command, members, isWithin ? key : undefined))
}
