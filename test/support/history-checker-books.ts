import {
  type LoggedEvent,
  type LoggedPosting,
  ledgerFieldsShape,
  limitsShape,
  textsShape,
} from '#test/support/history-checker-events.ts'
import {
  type Change,
  type CheckedAccount,
  type CheckedEntry,
  type CheckedHold,
  type CheckedTransaction,
  meaning,
  nothing,
  totalNames,
  type Totals,
} from '#test/support/history-checker-state.ts'

/**
 * A second fold of a ledger's log, written from the contract alone and as plainly as it can be. It says what every
 * read model has to show, and `violations` what the log contradicts.
 */
export class CheckedBooks {
  readonly violations: string[] = []
  readonly accounts = new Map<string, CheckedAccount>()
  readonly transactions = new Map<string, CheckedTransaction>()
  readonly holds = new Map<string, CheckedHold>()
  readonly entries: CheckedEntry[] = []
  readonly assets: { asset: string; name?: string | undefined }[] = []
  readonly references = new Set<string>()
  name = ''
  metadata: Record<string, string> = {}
  createdAt = ''
  #last = ''
  #revision = -1n

  apply(event: LoggedEvent): void {
    const revision = BigInt(event.revision)
    if (revision !== this.#revision + 1n) this.#say(event, `a gap: it follows ${this.#revision}`)
    if (event.recordedAt < this.#last) this.#say(event, 'recorded before the one before it')
    this.#revision = revision
    this.#last = event.recordedAt
    this.#applyAct(event)
    this.#applyMoney(event)
    this.#checkBalances(event)
  }

  totals(accountId: string, asset: string): Totals {
    return this.accounts.get(accountId)?.totals.get(asset) ?? nothing
  }

  /** What is pending is what open holds have left. */
  checkWhole(): void {
    const reserved = new Map<string, bigint>()
    for (const hold of this.holds.values()) this.#checkHold(hold, reserved)
    for (const [accountId, { totals }] of this.accounts)
      for (const [asset, { pendingDebits, pendingCredits }] of totals) {
        const of = (side: string) => reserved.get(`${accountId} ${asset} ${side}`) ?? 0n
        if (pendingDebits !== of('debit') || pendingCredits !== of('credit'))
          this.violations.push(`${accountId} ${asset} has pending what no open hold holds`)
      }
  }

  #checkHold({ holdId, status, postings }: CheckedHold, reserved: Map<string, bigint>): void {
    for (const posting of postings) {
      const left = posting.amount - posting.captured - posting.released
      if (left < 0n) this.violations.push(`hold ${holdId} gives more than it holds`)
      if (status !== 'open' && left !== 0n)
        this.violations.push(`hold ${holdId} is ${status} with something left`)
      for (const side of ['debit', 'credit'] as const) {
        const key = `${posting[side]} ${posting.asset} ${side}`
        reserved.set(key, (reserved.get(key) ?? 0n) + left)
      }
    }
  }

  #applyAct(event: LoggedEvent): void {
    const { data, type } = event
    switch (type) {
      case 'LedgerOpened':
        this.name = data.name ?? ''
        this.metadata = data.metadata ?? {}
        this.createdAt = event.recordedAt
        this.assets.push(...(data.assets ?? []))
        return
      case 'LedgerChanged':
        return this.#changeLedger(data.after)
      case 'AssetRegistered':
        this.assets.push(
          data.name === undefined
            ? { asset: data.asset ?? '' }
            : { asset: data.asset ?? '', name: data.name },
        )
        return
      case 'AccountOpened':
        return this.#openAccount(event)
      case 'AccountLimitsChanged':
        this.#account(event).limits = limitsShape.parse(data.after)
        return
      case 'MetadataSet':
        this.#account(event).metadata = textsShape.parse(data.after)
        return
      case 'AccountFrozen':
        this.#account(event).frozen = data.direction ?? ''
        return
      case 'AccountUnfrozen':
        this.#account(event).frozen = 'none'
        return
      case 'AccountClosed':
        this.#account(event).status = 'closed'
        return
      case 'AccountReopened':
        this.#account(event).status = 'open'
    }
  }

  #applyMoney(event: LoggedEvent): void {
    switch (event.type) {
      case 'TransactionPosted':
        this.#reference(event)
        this.#post(event, event.data.kind ?? '')
        return this.#reverse(event)
      case 'HoldPlaced':
        this.#reference(event)
        return this.#place(event)
      case 'HoldCaptured':
        this.#reference(event)
        return this.#capture(event)
      case 'HoldVoided':
        return this.#end(event, 'voided')
      case 'HoldExpired':
        return this.#end(event, 'expired')
      case 'HoldExtended': {
        const hold = this.#openHold(event)
        if (hold !== undefined) hold.expiresAt = String(event.data.after)
      }
    }
  }

  #changeLedger(after: unknown): void {
    const { name, metadata } = ledgerFieldsShape.parse(after)
    if (name !== undefined) this.name = name
    if (metadata !== undefined) this.metadata = metadata
  }

  #openAccount({ data, recordedAt, revision }: LoggedEvent): void {
    const accountId = data.accountId ?? ''
    if (this.accounts.has(accountId)) this.violations.push(`${revision}: ${accountId} opened twice`)
    this.accounts.set(accountId, {
      accountId,
      type: data.type ?? '',
      status: 'open',
      frozen: 'none',
      limits: data.limits ?? { min: null, max: null },
      metadata: data.metadata ?? {},
      createdAt: recordedAt,
      totals: new Map(),
    })
  }

  #account(event: LoggedEvent): CheckedAccount {
    const account = this.accounts.get(event.data.accountId ?? '')
    if (account === undefined) throw new Error(`revision ${event.revision}: no such account`)
    return account
  }

  #reference(event: LoggedEvent): void {
    const { externalReference } = event.data
    if (externalReference === undefined) return
    if (this.references.has(externalReference))
      this.#say(event, `external reference ${externalReference} is used twice`)
    this.references.add(externalReference)
  }

  #post(event: LoggedEvent, kind: string): void {
    const { data, revision } = event
    const postings = data.postings ?? []
    this.transactions.set(revision, {
      event,
      kind,
      postings,
      reversedBy: [],
      reversed: postings.map(() => 0n),
    })
    this.#move(
      event,
      postings.map((posting) => ({ posting, posted: BigInt(posting.amount), pending: 0n })),
    )
  }

  #reverse(event: LoggedEvent): void {
    const { kind, reverses, postings = [] } = event.data
    if (reverses === undefined) return
    const target = this.transactions.get(reverses)
    if (target === undefined) return this.#say(event, `reverses ${reverses}, which is none`)
    target.reversedBy.push(event.revision)
    const original =
      kind === 'reinstatement' ? this.transactions.get(target.event.data.reverses ?? '') : target
    if (original === undefined) return this.#say(event, 'reinstates nothing')
    for (const [index, posting] of postings.entries())
      this.#takeBack(event, original, {
        index: this.#sourceIn(event, { target, posting, index }),
        amount: kind === 'reinstatement' ? -BigInt(posting.amount) : BigInt(posting.amount),
      })
    if (kind === 'reinstatement')
      target.reversed = target.postings.map(({ amount }) => BigInt(amount))
  }

  /** A posting of a reinstatement points into the reversal, whose postings point into the original. */
  #sourceIn(
    { data }: LoggedEvent,
    {
      target,
      posting,
      index,
    }: { target: CheckedTransaction; posting: LoggedPosting; index: number },
  ): number {
    const source = posting.source ?? index
    return data.kind === 'reinstatement' ? (target.postings[source]?.source ?? source) : source
  }

  #takeBack(
    event: LoggedEvent,
    original: CheckedTransaction,
    { index, amount }: { index: number; amount: bigint },
  ): void {
    const left = (original.reversed[index] ?? 0n) + amount
    original.reversed[index] = left
    if (left < 0n || left > BigInt(original.postings[index]?.amount ?? 0))
      this.#say(event, `posting ${index} is reversed by ${left}, more than there was`)
  }

  #place(event: LoggedEvent): void {
    const { data, revision } = event
    const postings = data.postings ?? []
    this.holds.set(revision, {
      holdId: revision,
      event,
      status: 'open',
      expiresAt: data.expiresAt,
      captures: [],
      postings: postings.map((posting) => ({
        ...posting,
        amount: BigInt(posting.amount),
        captured: 0n,
        released: 0n,
      })),
    })
    this.#move(
      event,
      postings.map((posting) => ({ posting, posted: 0n, pending: BigInt(posting.amount) })),
    )
  }

  #capture(event: LoggedEvent): void {
    const hold = this.#openHold(event)
    if (hold === undefined) return
    const { amounts = [], released = [] } = event.data
    const changes = hold.postings.map((posting, index) => {
      const taken = BigInt(amounts[index] ?? 0)
      const freed = BigInt(released[index] ?? 0)
      posting.captured += taken
      posting.released += freed
      return { posting, posted: taken, pending: -taken - freed }
    })
    hold.captures.push(event.revision)
    if (hold.postings.every((each) => each.captured + each.released === each.amount))
      hold.status = 'captured'
    const postings = event.data.postings ?? []
    const reversed = postings.map(() => 0n)
    this.transactions.set(event.revision, {
      event,
      kind: 'capture',
      postings,
      reversedBy: [],
      reversed,
    })
    this.#move(event, changes)
  }

  #end(event: LoggedEvent, status: 'voided' | 'expired'): void {
    const hold = this.#openHold(event)
    if (hold === undefined) return
    hold.status = status
    const changes = hold.postings.map((posting, index) => {
      const freed = BigInt(event.data.released?.[index] ?? 0)
      posting.released += freed
      return { posting, posted: 0n, pending: -freed }
    })
    this.#move(event, changes)
  }

  #openHold(event: LoggedEvent): CheckedHold | undefined {
    const hold = this.holds.get(event.data.holdId ?? '')
    if (hold?.status === 'open') return hold
    this.#say(event, `acts on hold ${event.data.holdId}, which is ${hold?.status ?? 'none'}`)
    return undefined
  }

  #move(event: LoggedEvent, changes: readonly Change[]): void {
    const before = new Map<string, Totals>()
    let posting = 0
    for (const change of changes) {
      for (const side of ['debit', 'credit'] as const)
        this.#moveSide(event, { change, side, before, index: posting })
      if (change.posted !== 0n) posting += 1
    }
    if (event.type === 'HoldVoided' || event.type === 'HoldExpired') return
    for (const [key, totals] of before) this.#checkLimits(event, key, totals)
  }

  #moveSide(
    event: LoggedEvent,
    {
      change: { posting, posted, pending },
      side,
      before,
      index,
    }: { change: Change; side: 'debit' | 'credit'; before: Map<string, Totals>; index: number },
  ): void {
    const accountId = posting[side]
    const account = this.accounts.get(accountId)
    if (account === undefined) return this.#say(event, `${accountId} was never opened`)
    const was = account.totals.get(posting.asset) ?? nothing
    const key = `${accountId} ${posting.asset}`
    if (!before.has(key)) before.set(key, was)
    const is =
      side === 'debit'
        ? {
            ...was,
            postedDebits: was.postedDebits + posted,
            pendingDebits: was.pendingDebits + pending,
          }
        : {
            ...was,
            postedCredits: was.postedCredits + posted,
            pendingCredits: was.pendingCredits + pending,
          }
    account.totals.set(posting.asset, is)
    if (posted === 0n) return
    const counterparty = side === 'debit' ? posting.credit : posting.debit
    const balance = meaning(account.type, is).posted
    this.entries.push({
      event,
      posting: index,
      accountId,
      counterparty,
      side,
      asset: posting.asset,
      amount: posted,
      balance,
    })
  }

  #checkLimits(event: LoggedEvent, key: string, before: Totals): void {
    const [accountId = '', asset = ''] = key.split(' ')
    const account = this.accounts.get(accountId)
    if (account === undefined) return
    const [was, is] = [
      meaning(account.type, before),
      meaning(account.type, this.totals(accountId, asset)),
    ]
    const { min, max } = account.limits
    if (min !== null && is.available < was.available && is.available < BigInt(min))
      this.#say(event, `${key} falls to ${is.available}, below ${min}`)
    if (max !== null && is.ceiling > was.ceiling && is.ceiling > BigInt(max))
      this.#say(event, `${key} may reach ${is.ceiling}, above ${max}`)
  }

  #checkBalances(event: LoggedEvent): void {
    for (const said of event.data.balances ?? []) {
      const totals = this.totals(said.accountId, said.asset)
      for (const name of totalNames)
        if (said[name] !== totals[name].toString())
          this.#say(
            event,
            `${said.accountId} ${said.asset} ${name} is ${said[name]}, not ${totals[name]}`,
          )
    }
  }

  #say(event: LoggedEvent, violation: string): void {
    this.violations.push(`${event.ledgerId} revision ${event.revision}: ${violation}`)
  }
}
