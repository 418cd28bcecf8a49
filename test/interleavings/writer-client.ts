import type { BatchOutcome, Outcome } from '#commands/handler/outcome.ts'
import { ledgerStream } from '#events/stream-names.ts'
import type { Acknowledgement, Attempt, SentCommand } from '#test/support/history-checker.ts'
import { loggedEvent } from '#test/support/history-checker-events.ts'
import type { MemoryEventStore } from '#test/support/memory-event-store.ts'
import { itemsOf, type Order, type Wish } from '#test/interleavings/writer-orders.ts'
import type { WriterProcesses } from '#test/interleavings/writer-processes.ts'
import type { WriterWitness } from '#test/interleavings/writer-witness.ts'
import { asAnswered, wellFormed, type WriteSide } from '#test/support/write-side.ts'

const triesMax = 6

const nothing: Wish = { command: '', members: {} }

type Answer = Outcome | BatchOutcome

/** What the answer says of the log: it is all there; nothing of it; or nobody knows (yet). */
type Meaning = 'definite' | 'not stored' | 'unknown'

/** One order from the first sending to its outcome, with all that was ever said to the client that contradicts the log. */
export class Correspondence {
  readonly order: Order
  readonly key: string
  readonly violations: string[] = []
  /** The definite answer, as a client sees it. */
  answer: string | undefined
  isSettled = false
  /** Whether anything of it may be in the log. */
  mayBeStored = false
  readonly #rivalKey: string
  readonly #hasRival: boolean
  readonly #attempt: Attempt

  constructor(order: Order, key: string, hasRival: boolean) {
    this.order = order
    this.key = order.isWithin ? `${key} as an item` : key
    this.#rivalKey = key
    this.#hasRival = hasRival
    this.mayBeStored = hasRival
    const { ledgerId, mode } = order
    this.#attempt = { ledgerId, key: this.key, isAtomic: mode === 'atomic', commands: this.#sent() }
  }

  /** Whether what the log has under the key is nothing of this, but of its rival. */
  get isBeaten(): boolean {
    return this.#hasRival && this.answer === undefined
  }

  /** For the history checker. An atomic batch that was refused leaves its item's key to its rival. */
  get attempt(): Attempt {
    const isRefused = (this.#attempt.acknowledged?.status ?? 0) >= 400
    const leavesKey = isRefused && this.order.isWithin && this.#attempt.isAtomic
    return { ...this.#attempt, ...(leavesKey && { commands: [] }) }
  }

  /** Sends it until there is an outcome, as an honest client does: always under the same key. */
  async conduct(processes: WriterProcesses): Promise<void> {
    const both = this.order.isTwice ? [0, 1] : [0]
    if (this.order.isTwice) this.mayBeStored = true
    try {
      await Promise.all(both.map((each) => this.#insist(processes, each)))
    } catch (error) {
      this.violations.push(`${this.key} was answered with an error: ${String(error)}`)
    }
    this.isSettled = true
  }

  /** Sends it once more when nothing goes wrong any more: now there is an outcome, and never another than before. */
  async settleCalmly(side: WriteSide): Promise<void> {
    const before = this.answer
    const outcome = await this.#send(side)
    if (meaningOf(outcome) !== 'definite')
      this.violations.push(`${this.key} has no outcome in the end: ${asAnswered(outcome)}`)
    this.#take(outcome)
    if (before !== undefined && isUnrecorded(outcome))
      this.violations.push(`${this.key} was answered ${before}, in the end ${asAnswered(outcome)}`)
    if (before !== undefined && outcome.revision !== undefined && !outcome.replayed)
      this.violations.push(`${this.key} was not replayed, but done again`)
  }

  /** What was asked under which key, for deciding it again. */
  get requests(): readonly [string, Wish][] {
    const { commands } = this.attempt
    return commands.map(({ key }, index) => [key, this.order.commands[index] ?? nothing])
  }

  /** What of it the log has. */
  storedIn(log: MemoryEventStore): readonly string[] {
    const keys = new Set([this.key, ...this.#attempt.commands.map(({ key }) => key)])
    return log
      .eventsOf(ledgerStream(this.order.ledgerId))
      .flatMap(({ json, revision }) =>
        keys.has(loggedEvent(json).idempotency.key) ? [`${this.key} is at ${revision}`] : [],
      )
  }

  async #insist(processes: WriterProcesses, from: number): Promise<void> {
    let isOver = false
    for (let tries = 0; tries < triesMax && !isOver; tries += 1) {
      const { side, process, witness } = processes.at(this.#place(from, tries))
      const head = this.#length(processes.log)
      const sending = witness.sent(this.order.ledgerId, this.key)
      const outcome = await Promise.race([this.#send(side, head), process.death])
      if (outcome !== 'killed') {
        this.#assertReasonable(outcome, { processes, head })
        this.#assertNotUnderWay(outcome, witness)
        witness.answered(sending, this.#isDecidedInTurn(outcome) ? outcome.revision : undefined)
      }
      isOver = this.#heard(outcome, processes.log)
    }
  }

  /** The one that is asked: the same again, where the client knows no other. */
  #place(from: number, tries: number): number {
    return this.order.to + from + (this.order.isLoyal ? 0 : tries)
  }

  /** Whether it was queued at once, and decided now. */
  #isDecidedInTurn(outcome: Answer): boolean {
    const { mode } = this.order
    return (mode === 'single' || mode === 'atomic') && !outcome.replayed
  }

  /** Whether the client leaves it at that. */
  #heard(outcome: Answer | 'killed', log: MemoryEventStore): boolean {
    const isAnswered = outcome !== 'killed' && meaningOf(outcome) !== 'unknown'
    if (!isAnswered || outcome.revision !== undefined) this.mayBeStored = true
    if (!this.mayBeStored) this.#assertNotThere(log)
    if (!isAnswered) return false
    if (meaningOf(outcome) === 'not stored') return !this.mayBeStored && !this.order.isInsisting
    this.#take(outcome)
    this.#assertThere(log, outcome)
    return true
  }

  /** `length` is that of the ledger by now. */
  async #send(side: WriteSide, length = 0): Promise<Answer> {
    const { ledgerId, mode, commands } = this.order
    const asked = { ledgerId, key: this.key }
    if (mode === 'atomic' || mode === 'independent')
      return side.askBatch(mode, itemsOf(this.order, this.#rivalKey), asked)
    const { command, members } = commands[0] ?? nothing
    if (mode === 'single') return side.ask(command, members, asked)
    const { outcome, decidedOn = -1n } = await side.rehearsal(command, members, asked)
    if (decidedOn < length - 1 && meaningOf(outcome) === 'definite')
      this.violations.push(
        `${this.key} was tried out on ${decidedOn}, the log had ${length} events`,
      )
    return outcome
  }

  /** What a client may be refused for, as things are: these runs ask for little, and don't last. */
  #assertReasonable(
    outcome: Answer,
    { processes, head }: { readonly processes: WriterProcesses; readonly head: number },
  ): void {
    const items = outcome.kind === 'batch' ? outcome.items : [outcome]
    const codes = new Set(items.map((item) => ('code' in item ? item.code : '')))
    const isWrong =
      codes.has('overloaded') ||
      (codes.has('ledger-not-found') && head > 0) ||
      (codes.has('outcome-unknown') && !processes.mayHaveGivenUp)
    if (isWrong)
      this.violations.push(`${this.key} was refused without reason: ${[...codes].join()}`)
  }

  /** Nobody says that nothing was stored while he himself is about to store it. */
  #assertNotUnderWay(outcome: Answer, witness: WriterWitness): void {
    const { ledgerId, mode } = this.order
    if (mode === 'rehearsal') return
    for (const key of witness.underWay(ledgerId, this.#denied(outcome)))
      this.violations.push(`${key} was said not to be stored while it was being appended`)
  }

  /** The keys of which the answer says that nothing was stored. */
  #denied(outcome: Answer): readonly string[] {
    const keys = this.#attempt.commands.map(({ key }) => key)
    if (meaningOf(outcome) === 'not stored') return [this.key, ...keys]
    if (outcome.kind !== 'batch') return []
    return keys.filter((_, index) => {
      const item = outcome.items[index]
      return item !== undefined && 'kind' in item && meaningOf(item) === 'not stored'
    })
  }

  #length(log: MemoryEventStore): number {
    return log.eventsOf(ledgerStream(this.order.ledgerId)).length
  }

  #take(outcome: Answer): void {
    if (this.order.mode === 'rehearsal') return
    const answer = asAnswered(outcome)
    const isFirst = this.answer === undefined || isUnrecorded(outcome)
    if (!isFirst && this.answer !== answer)
      this.violations.push(`${this.key} was answered ${this.answer}, then ${answer}`)
    if (isUnrecorded(outcome)) return
    this.answer ??= answer
    this.#attempt.acknowledged ??= acknowledgement(outcome)
  }

  /** What is acknowledged is in the log by then, not a moment later. */
  #assertThere(log: MemoryEventStore, { revision }: Answer): void {
    if (revision === undefined || this.order.mode === 'rehearsal') return
    const stored = log.eventsOf(ledgerStream(this.order.ledgerId))[Number(revision)]
    if (stored === undefined)
      this.violations.push(`${this.key} is acknowledged at ${revision}, and nothing is there`)
  }

  #assertNotThere(log: MemoryEventStore): void {
    for (const found of this.storedIn(log))
      this.violations.push(`${found}, and the client was told that it was not stored`)
  }

  #sent(): readonly SentCommand[] {
    const { commands, mode, isWithin } = this.order
    const hasIndex = (mode === 'atomic' || mode === 'independent') && !isWithin
    return commands.map(({ command, members }, index) => {
      const { request } = wellFormed(command, members)
      return { key: hasIndex ? `${this.key}/${index}` : this.#rivalKey, request }
    })
  }
}

const unknownCodes = new Set(['outcome-unknown', 'idempotency-in-flight'])
const passingCodes = new Set(['unavailable', 'overloaded'])

function meaningOf(outcome: Answer): Meaning {
  if (outcome.kind === 'accepted') return 'definite'
  if (outcome.kind === 'refused') return meaningOfCode(outcome.code)
  const items = outcome.items.map((item) => ('kind' in item ? meaningOf(item) : 'definite'))
  if (items.every((meaning) => meaning === 'not stored')) return 'not stored'
  return items.every((meaning) => meaning === 'definite') ? 'definite' : 'unknown'
}

function meaningOfCode(code: string): Meaning {
  if (unknownCodes.has(code)) return 'unknown'
  return passingCodes.has(code) ? 'not stored' : 'definite'
}

/** Refused for how things stood, and might come to something else another time. */
function isUnrecorded(outcome: Answer): boolean {
  return outcome.kind !== 'accepted' && outcome.revision === undefined
}

function acknowledgement(outcome: Answer): Acknowledgement {
  const statusOf = (each: Answer) => (each.kind === 'refused' ? each.status : 200)
  const items = outcome.kind === 'batch' ? outcome.items : []
  const outcomes = items.map((each) => ('kind' in each ? statusOf(each) : 422))
  return { status: statusOf(outcome), revision: outcome.revision, outcomes }
}
