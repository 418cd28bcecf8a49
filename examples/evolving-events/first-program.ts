import { decoderFor } from '#events/decode.ts'

/** A canteen's cards, as they were at first: everything in euros, one event for whatever moves money. */
export type CardEvent =
  | { readonly type: 'CardIssued'; readonly data: { readonly cardId: string } }
  | {
      readonly type: 'CardMoved'
      readonly data: {
        readonly cardId: string
        readonly kind: 'load' | 'meal'
        readonly amount: string
      }
    }
  | {
      readonly type: 'CardGreeted'
      readonly data: { readonly cardId: string; readonly text: string }
    }

export type Command =
  | { readonly name: 'IssueCard'; readonly cardId: string }
  | { readonly name: 'LoadCard' | 'BuyMeal'; readonly cardId: string; readonly amount: string }
  | { readonly name: 'GreetCard'; readonly cardId: string; readonly text: string }

export const versions = { CardIssued: 1, CardMoved: 1, CardGreeted: 1 } as const

export const decodeCardEvent = decoderFor<CardEvent>({ versions, upcasters: {} })

export function decide(command: Command): CardEvent {
  const { cardId } = command
  switch (command.name) {
    case 'IssueCard':
      return { type: 'CardIssued', data: { cardId } }
    case 'LoadCard':
      return { type: 'CardMoved', data: { cardId, kind: 'load', amount: command.amount } }
    case 'BuyMeal':
      return { type: 'CardMoved', data: { cardId, kind: 'meal', amount: command.amount } }
    case 'GreetCard':
      return { type: 'CardGreeted', data: { cardId, text: command.text } }
  }
}
