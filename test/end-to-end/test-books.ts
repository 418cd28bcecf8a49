import type { ApiClient, Headers } from '#test/support/http-client.ts'
import type { Answer } from '#test/support/http-exchange.ts'
import type { Json, JsonObject } from '#values/json.ts'

/** A posting written as `debit -> credit amount ASSET`, of USD/2 where it names no asset. */
export function posting(text: string): JsonObject {
  const match = /^(\S+) -> (\S+) (\S+)(?: (\S+))?$/.exec(text)
  if (match === null) throw new Error(`not a posting: ${text}`)
  const [, debit, credit, amount, asset = 'USD/2'] = match
  return { debit, credit, asset, amount }
}

/** The accounts of a new ledger and their types. */
const accounts = {
  'bank:cash': 'asset',
  rent: 'expense',
  'users:alice': 'liability',
  'users:bob': 'liability',
  capital: 'equity',
  fees: 'income',
} as const

/** One ledger of its own for one test, reached over HTTP alone. Reads see at least what it wrote. */
export class TestBooks {
  readonly ledgerId: string
  readonly #connected: () => ApiClient
  #written = 0n

  /** Opens a ledger of dollars, euros and yen with an account of each type. */
  static async open(connected: () => ApiClient): Promise<TestBooks> {
    const books = new TestBooks(connected, `test-${crypto.randomUUID()}`)
    const assets = [{ asset: 'USD/2' }, { asset: 'EUR/2', name: 'Euro' }, { asset: 'JPY/0' }]
    const opened = await connected().post('/v1/ledgers', {
      ledgerId: books.ledgerId,
      name: 'Test',
      assets,
    })
    books.#expect(opened, 201)
    const commands = Object.entries(accounts).map(([accountId, type]) => ({
      command: 'OpenAccount',
      accountId,
      type,
    }))
    books.#expect(await books.post('/batches', { mode: 'atomic', commands }), 201)
    return books
  }

  constructor(connected: () => ApiClient, ledgerId: string) {
    this.#connected = connected
    this.ledgerId = ledgerId
  }

  /** The path of something in this ledger. */
  path(rest = ''): string {
    return `/v1/ledgers/${this.ledgerId}${rest}`
  }

  async post(rest: string, body: Json, headers: Headers = {}): Promise<Answer> {
    return this.#noted(await this.#connected().post(this.path(rest), body, headers))
  }

  async patch(rest: string, body: Json, headers: Headers = {}): Promise<Answer> {
    return this.#noted(await this.#connected().patch(this.path(rest), body, headers))
  }

  /** Posts a transaction: `debit -> credit amount ASSET`. */
  transact(text: string, more: JsonObject = {}, headers: Headers = {}): Promise<Answer> {
    return this.post('/transactions', { postings: [posting(text)], ...more }, headers)
  }

  /** Posts a transaction that has to be accepted. Resolves to its id. */
  async transacted(text: string, more: JsonObject = {}): Promise<string> {
    const answer = await this.transact(text, more)
    this.#expect(answer, 201)
    return answer.string('data', 'transactionId')
  }

  /** Places a hold that has to be accepted. Resolves to its id. */
  async held(text: string, more: JsonObject = {}): Promise<string> {
    const answer = await this.post('/holds', { postings: [posting(text)], ...more })
    this.#expect(answer, 201)
    return answer.string('data', 'holdId')
  }

  /** Reads what contains everything written here so far. */
  get(rest = '', headers: Headers = {}): Promise<Answer> {
    return this.#connected().get(this.path(rest), {
      'min-revision': this.#written.toString(),
      ...headers,
    })
  }

  /** All items of a list, page by page. */
  all(rest: string): Promise<readonly unknown[]> {
    return this.#connected().all(this.path(rest), { 'min-revision': this.#written.toString() })
  }

  /** `posted pending available` of an account in one asset. */
  async balance(accountId: string, asset = 'USD/2'): Promise<string> {
    const path = `/accounts/${accountId}/balances?asset=${encodeURIComponent(asset)}`
    const answer = await this.get(path)
    const of = (name: string) => answer.string('data', 0, name)
    return `${of('posted')} ${of('pending')} ${of('available')}`
  }

  /** The last revision of the log. */
  async head(): Promise<bigint> {
    return (await this.get('/events?limit=1')).revision
  }

  #noted(answer: Answer): Answer {
    const revision = answer.headers['ledger-revision']
    if (typeof revision === 'string' && BigInt(revision) > this.#written)
      this.#written = BigInt(revision)
    return answer
  }

  #expect(answer: Answer, status: number): void {
    if (answer.status !== status) throw new Error(`${answer.status} ${answer.text}`)
  }
}

/** `status code` of a refusal, `status` of a success. */
export function outcome(answer: Answer): string {
  return answer.status < 400 ? String(answer.status) : `${answer.status} ${answer.string('code')}`
}

/** The members of that name of a list of resources. */
export function column(list: unknown, name: string): readonly unknown[] {
  return Array.isArray(list) ? list.map((item: unknown) => member(item, name)) : []
}

/** What stands under a name of an object, or under an index of a list. */
export function member(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (at, name) => (typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined),
    value,
  )
}

/** Texts in the order of their code units. */
export function sorted(values: readonly unknown[]): readonly string[] {
  return values.map(String).toSorted((a, b) => (a < b ? -1 : 1))
}
