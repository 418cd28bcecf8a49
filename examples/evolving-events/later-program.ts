import type { CardEvent, NewCardEvent } from './later-events.ts'

export type Command =
  | { readonly name: 'IssueCard'; readonly cardId: string; readonly asset: string }
  | { readonly name: 'LoadCard'; readonly cardId: string; readonly amount: string }
  | {
      readonly name: 'BuyMeal'
      readonly cardId: string
      readonly amount: string
      readonly meal: string
    }

export function decide(command: Command): NewCardEvent {
  const { cardId } = command
  switch (command.name) {
    case 'IssueCard':
      return { type: 'CardIssued', data: { cardId, asset: command.asset } }
    case 'LoadCard':
      return { type: 'CardLoaded', data: { cardId, amount: command.amount } }
    case 'BuyMeal':
      return { type: 'MealBought', data: { cardId, amount: command.amount, meal: command.meal } }
  }
}

/** What is known of a card. */
export type Card = {
  readonly cardId: string
  readonly asset: string
  readonly balance: string
  readonly meals: readonly string[]
  readonly greeting?: string
}

/** The one fold of old and new events; meals of the time before they had names are called `meal`. */
export function evolve(card: Card | undefined, event: CardEvent): Card {
  if (event.type === 'CardIssued') return { ...event.data, balance: '0', meals: [] }
  if (card === undefined) throw new Error(`${event.data.cardId} was never issued`)
  switch (event.type) {
    case 'CardLoaded':
      return moved(card, BigInt(event.data.amount))
    case 'MealBought':
      return ate(card, event.data)
    case 'CardMoved':
      return event.data.kind === 'load'
        ? moved(card, BigInt(event.data.amount))
        : ate(card, { ...event.data, meal: 'meal' })
    case 'CardGreeted':
      return { ...card, greeting: event.data.text }
  }
}

function ate(card: Card, { amount, meal }: { amount: string; meal: string }): Card {
  return { ...moved(card, -BigInt(amount)), meals: [...card.meals, meal] }
}

function moved(card: Card, amount: bigint): Card {
  return { ...card, balance: (BigInt(card.balance) + amount).toString() }
}
