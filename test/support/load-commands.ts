import type { Answer } from '#test/support/http-exchange.ts'
import type { JsonObject } from '#values/json.ts'

/** A request that is ready to be sent; `items` are the commands of a batch. */
export type Built = {
  readonly ledgerId: string
  readonly path: string
  readonly body: JsonObject
  readonly request: JsonObject
  readonly items?: readonly JsonObject[]
  readonly isAtomic: boolean
}

type Hold = { readonly ledgerId: string; readonly holdId: string }

const accountsCount = 6
const holdsKnownMax = 40

/** Makes up commands: most are accepted, some refused, some act on what earlier ones made. */
export class LoadCommands {
  readonly #ledgerIds: readonly string[]
  readonly #holds: Hold[] = []
  readonly #transactions: { readonly ledgerId: string; readonly transactionId: string }[] = []

  constructor(ledgerIds: readonly string[]) {
    this.#ledgerIds = ledgerIds
  }

  /** What opens the ledgers and their accounts. */
  opening(): readonly Built[] {
    return this.#ledgerIds.flatMap((ledgerId) => [
      command(
        'OpenLedger',
        { ledgerId, path: '/v1/ledgers' },
        { ledgerId, name: 'Load', assets: [{ asset: 'USD/2' }] },
      ),
      ...Array.from({ length: accountsCount }, (_, index) =>
        this.#command('OpenAccount', ledgerId, {
          accountId: `a:${index}`,
          type: index === 0 ? 'equity' : 'liability',
        }),
      ),
    ])
  }

  next(): Built {
    const ledgerId = oneOf(this.#ledgerIds)
    const dice = Math.random()
    if (dice < 0.55) return this.#command('PostTransaction', ledgerId, transaction())
    if (dice < 0.7) return this.#command('PlaceHold', ledgerId, hold())
    if (dice < 0.85) return this.#actOnHold(ledgerId)
    if (dice < 0.9) return this.#reversal(ledgerId)
    return this.#batch(ledgerId, dice < 0.95 ? 'atomic' : 'independent')
  }

  /** Remembers what an accepted command made. */
  learn({ ledgerId, request }: Built, answer: Answer): void {
    const [holdId, transactionId] = [
      answer.at('data', 'holdId'),
      answer.at('data', 'transactionId'),
    ]
    if (request['command'] === 'PlaceHold' && typeof holdId === 'string')
      this.#holds.push({ ledgerId, holdId })
    if (this.#holds.length > holdsKnownMax) this.#holds.shift()
    if (typeof transactionId === 'string') this.#transactions.push({ ledgerId, transactionId })
  }

  #actOnHold(fallback: string): Built {
    const known = this.#holds[Math.floor(Math.random() * this.#holds.length)]
    if (known === undefined) return this.#command('PlaceHold', fallback, hold())
    const { ledgerId, holdId } = known
    const path = `/v1/ledgers/${ledgerId}/holds/${holdId}`
    if (Math.random() < 0.3)
      return command('VoidHold', { ledgerId, path: `${path}/void` }, { reason: 'load' }, { holdId })
    const amounts = Math.random() < 0.5 ? [String(1 + Math.floor(Math.random() * 5))] : undefined
    return command(
      'CaptureHold',
      { ledgerId, path: `${path}/captures` },
      { ...(amounts && { amounts }), ...(Math.random() < 0.3 && { final: true }) },
      { holdId },
    )
  }

  #reversal(fallback: string): Built {
    const known = this.#transactions[Math.floor(Math.random() * this.#transactions.length)]
    if (known === undefined) return this.#command('PostTransaction', fallback, transaction())
    const { ledgerId, transactionId } = known
    const path = `/v1/ledgers/${ledgerId}/transactions/${transactionId}/reversals`
    return command('ReverseTransaction', { ledgerId, path }, { reason: 'load' }, { transactionId })
  }

  #batch(ledgerId: string, mode: 'atomic' | 'independent'): Built {
    const items = Array.from({ length: 2 + Math.floor(Math.random() * 4) }, () =>
      Math.random() < 0.7
        ? { command: 'PostTransaction', ...transaction() }
        : { command: 'PlaceHold', ...hold() },
    )
    const body = { mode, commands: items }
    const path = `/v1/ledgers/${ledgerId}/batches`
    return { ledgerId, path, body, request: body, items, isAtomic: mode === 'atomic' }
  }

  #command(name: keyof typeof places, ledgerId: string, body: JsonObject): Built {
    return command(name, { ledgerId, path: `/v1/ledgers/${ledgerId}/${places[name]}` }, body)
  }
}

const places = {
  OpenAccount: 'accounts',
  PostTransaction: 'transactions',
  PlaceHold: 'holds',
} as const

function command(
  name: string,
  { ledgerId, path }: { readonly ledgerId: string; readonly path: string },
  ...[body, ids = {}]: readonly [body: JsonObject, ids?: JsonObject]
): Built {
  return { ledgerId, path, body, request: { command: name, ...ids, ...body }, isAtomic: false }
}

/** Money comes from account 0, which may have less than nothing; the others may run out of it. */
function transaction(): JsonObject {
  const reference =
    Math.random() < 0.1 ? { externalReference: `r-${Math.floor(Math.random() * 1e9)}` } : {}
  return { postings: postings(), metadata: { by: 'load' }, ...reference }
}

function hold(): JsonObject {
  const expires =
    Math.random() < 0.3
      ? { expiresAt: new Date(Date.now() + 800 + Math.random() * 2_000).toISOString() }
      : {}
  return { postings: postings(), ...expires }
}

function postings(): readonly JsonObject[] {
  const from = Math.random() < 0.6 ? 0 : Math.floor(Math.random() * accountsCount)
  const to = (from + 1 + Math.floor(Math.random() * (accountsCount - 1))) % accountsCount
  const amount = String(1 + Math.floor(Math.random() * 500))
  return [{ debit: `a:${from}`, credit: `a:${to}`, asset: 'USD/2', amount }]
}

function oneOf<Item>(items: readonly Item[]): Item {
  const item = items[Math.floor(Math.random() * items.length)]
  if (item === undefined) throw new Error('nothing to choose from')
  return item
}
