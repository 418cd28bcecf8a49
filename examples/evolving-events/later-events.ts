import { decoderFor } from '#events/decode.ts'
import type { StepsTo } from '#events/upcasters.ts'

type Amounted = { readonly cardId: string; readonly amount: string }

/** Version 2: a card is in one asset. */
type CardIssued = {
  readonly type: 'CardIssued'
  readonly data: { readonly cardId: string; readonly asset: string }
}

/** Since cards are loaded and meals are bought apart. */
type CardLoaded = { readonly type: 'CardLoaded'; readonly data: Amounted }
type MealBought = {
  readonly type: 'MealBought'
  readonly data: Amounted & { readonly meal: string }
}

/** Retired: what CardLoaded and MealBought say now. */
type CardMoved = {
  readonly type: 'CardMoved'
  readonly data: Amounted & { readonly kind: 'load' | 'meal' }
}

/** Retired: nobody is greeted any more. */
type CardGreeted = {
  readonly type: 'CardGreeted'
  readonly data: { readonly cardId: string; readonly text: string }
}

/** Everything that can have happened to a card. */
export type CardEvent = CardIssued | CardLoaded | MealBought | CardMoved | CardGreeted

/** Everything that can happen to a card from now on: all that a command may decide. */
export type NewCardEvent = Exclude<CardEvent, { readonly type: 'CardMoved' | 'CardGreeted' }>

export const versions = {
  CardIssued: 2,
  CardLoaded: 1,
  MealBought: 1,
  CardMoved: 1,
  CardGreeted: 1,
} as const

/** There were only euros when a card didn't say what it is in. */
const upcasters: StepsTo<typeof versions> = {
  CardIssued: { 1: (data) => ({ ...data, asset: 'EUR/2' }) },
}

export const decodeCardEvent = decoderFor<CardEvent>({ versions, upcasters })
