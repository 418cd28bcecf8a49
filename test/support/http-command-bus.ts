import type {
  BatchOutcome,
  BatchRequest,
  CommandBus,
  CommandRequest,
  Outcome,
} from '#commands/handler/outcome.ts'

/** Remembers what it was asked and answers what a test says. */
export class FakeCommandBus implements CommandBus {
  readonly commands: CommandRequest[] = []
  readonly batches: BatchRequest[] = []
  readonly dryRuns: (CommandRequest | BatchRequest)[] = []
  outcome: Outcome = accepted()
  batchOutcome: BatchOutcome = { kind: 'batch', mode: 'atomic', items: [], replayed: false }
  failure: Error | undefined
  isFull = false

  async execute(request: CommandRequest): Promise<Outcome> {
    this.commands.push(request)
    if (this.failure !== undefined) throw this.failure
    return this.outcome
  }

  async executeBatch(request: BatchRequest): Promise<BatchOutcome> {
    this.batches.push(request)
    return this.batchOutcome
  }

  async dryRun(request: CommandRequest) {
    this.dryRuns.push(request)
    return { outcome: this.outcome, decidedOn: 41n }
  }

  async dryRunBatch(request: BatchRequest) {
    this.dryRuns.push(request)
    return { outcome: this.batchOutcome, decidedOn: 41n }
  }

  async dueHolds() {
    return []
  }

  hasRoom(): boolean {
    return !this.isFull
  }

  believesClock(): boolean {
    return true
  }

  confirmClock(): void {}

  async [Symbol.asyncDispose](): Promise<void> {}
}

type Accepted = Extract<Outcome, { kind: 'accepted' }>
type Refused = Extract<Outcome, { kind: 'refused' }>

export function accepted(more: Partial<Accepted> = {}): Accepted {
  return {
    kind: 'accepted',
    event: 'TransactionPosted',
    data: { transactionId: '42' },
    revision: 42n,
    replayed: false,
    ...more,
  }
}

export function refused(more: Partial<Refused> = {}): Refused {
  return {
    kind: 'refused',
    status: 422,
    code: 'insufficient-funds',
    detail: 'users:alice has 5 of 10',
    context: { available: '5' },
    revision: 43n,
    replayed: false,
    ...more,
  }
}
