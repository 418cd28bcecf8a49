import { setTimeout as sleep } from 'node:timers/promises'
import { type Attempt, type SentCommand } from '#test/support/history-checker.ts'
import type { ApiClient } from '#test/support/http-client.ts'
import type { Answer } from '#test/support/http-exchange.ts'
import { type Built, LoadCommands } from '#test/support/load-commands.ts'

/** A request of the load: what is needed to send it again, and what came of it. */
type Request = Attempt & Built & { first?: { readonly status: number; readonly text: string } }

/** Who was not answered waits a little longer each time before asking again. */
const settlePauseMs = 20

/**
 * Clients that post whatever comes to mind on several ledgers, note what they were told, and ask again under the same
 * key where they were told nothing. `attempts` is what the history checker wants; `surprises` is what an answer to a
 * repeated request had other than the first one.
 */
export class Load {
  readonly attempts: Request[] = []
  readonly surprises: string[] = []
  /** What those answers said that told nothing of what was stored. */
  readonly unknown: { readonly status: number; readonly code: string }[] = []
  readonly ledgerIds: readonly string[]
  readonly #commands: LoadCommands
  readonly #opened = new Set<string>()
  readonly #prefix: string
  readonly #pauseMs: number
  #count = 0
  #again: Request[] = []

  /** `pauseMs`: about how long a client waits after each answer; 0 where it is to send as fast as it can. */
  constructor(ledgerIds: readonly string[], prefix = 'load', pauseMs = 0) {
    this.ledgerIds = ledgerIds
    this.#prefix = prefix
    this.#pauseMs = pauseMs
    this.#commands = new LoadCommands(ledgerIds)
  }

  /** How many requests were answered. */
  acknowledged = 0
  /** How long each answer took, also those that said that there is none. */
  readonly answersMs: number[] = []

  /** Opens ledgers and accounts. Where another load did so first, it is refused and that is all right. */
  async prepare(api: ApiClient): Promise<void> {
    for (const built of this.#commands.opening()) await this.#send(api, this.#attempt(built))
  }

  /**
   * Sends from `workers` clients at once until aborted or the server is gone, what was never answered first. Resolves
   * when all have stopped.
   */
  async run(api: ApiClient, signal: AbortSignal, workers = 8): Promise<void> {
    this.#again = this.attempts.filter(({ acknowledged }) => acknowledged === undefined)
    await Promise.all(Array.from({ length: workers }, () => this.#work(api, signal)))
  }

  /** Resolves once more is acknowledged than `count`; false where that takes longer. */
  async acknowledges(count: number, withinMs: number): Promise<boolean> {
    for (let waitedMs = 0; waitedMs < withinMs; waitedMs += 5) {
      if (this.acknowledged > count) return true
      await sleep(5)
    }
    return false
  }

  /** Asks again for everything that was never answered. */
  async settle(api: ApiClient): Promise<void> {
    for (let round = 0; round < 20; round += 1) {
      const open = this.attempts.filter(({ acknowledged }) => acknowledged === undefined)
      if (open.length === 0) return
      for (const attempt of open) await this.#send(api, attempt)
      await sleep(round * settlePauseMs)
    }
    throw new Error('a request is never answered')
  }

  async #work(api: ApiClient, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!(await this.#send(api, this.#next()))) return
      if (this.#pauseMs > 0) await sleep(this.#pauseMs * (0.5 + Math.random()))
    }
  }

  /** Mostly something new; now and then what was sent before. */
  #next(): Request {
    const unanswered = this.#again.pop()
    if (unanswered !== undefined) return unanswered
    const dice = Math.random()
    if (dice < 0.1) {
      const known = this.attempts[Math.floor(Math.random() * this.attempts.length)]
      if (known !== undefined) return known
    }
    return this.#attempt(this.#commands.next())
  }

  #attempt(built: Built): Request {
    this.#count += 1
    const key = `${this.#prefix}-${this.#count}`
    const commands: SentCommand[] =
      built.items === undefined
        ? [{ key, request: built.request }]
        : built.items.map((request, index) => ({ key: `${key}/${index}`, request }))
    const attempt = { ...built, key, commands, isAtomic: built.isAtomic }
    this.attempts.push(attempt)
    return attempt
  }

  /** False where no answer came. */
  async #send(api: ApiClient, attempt: Request): Promise<boolean> {
    const headers = { 'idempotency-key': attempt.key }
    const wasOpened = this.#opened.has(attempt.ledgerId)
    const sentMs = performance.now()
    let answer: Answer
    try {
      answer = await api.post(attempt.path, attempt.body, headers)
    } catch (error) {
      if (isBrokenOff(error)) return false
      throw error
    }
    this.answersMs.push(performance.now() - sentMs)
    if (isUnknown(answer)) {
      this.unknown.push({ status: answer.status, code: String(answer.at('code')) })
      return true
    }
    // Whoever was killed while ledgers were opened leaves commands that come before their ledger: nothing is recorded.
    if (isOfNoLedger(answer) && !wasOpened) return true
    this.#note(attempt, answer)
    return true
  }

  #note(attempt: Request, answer: Answer): void {
    const { status } = answer
    const text = JSON.stringify({ data: answer.at('data'), code: answer.at('code') }).replaceAll(
      ',"replayed":true',
      '',
    )
    if (attempt.first !== undefined) {
      const { first } = attempt
      if (first.status !== status || first.text !== text)
        this.surprises.push(
          `${attempt.key}: first ${first.status} ${first.text}, then ${status} ${text}`,
        )
      return
    }
    attempt.first = { status, text }
    if (attempt.path === '/v1/ledgers') this.#opened.add(attempt.ledgerId)
    this.acknowledged += 1
    const header = answer.headers['ledger-revision']
    attempt.acknowledged = {
      status,
      revision: typeof header === 'string' ? BigInt(header) : undefined,
      outcomes: outcomesOf(attempt, answer),
    }
    if (status < 400) this.#commands.learn(attempt, answer)
  }
}

/** One status per command. */
function outcomesOf(attempt: Attempt, answer: Answer): readonly number[] {
  return attempt.commands.map((_, index) => {
    const status = answer.at('data', index, 'status')
    return typeof status === 'number' && attempt.commands.length > 1 ? status : answer.status
  })
}

function isOfNoLedger(answer: Answer): boolean {
  return answer.at('code') === 'ledger-not-found'
}

/** The server may or may not have done it, or a part of it: ask again. */
function isUnknown(answer: Answer): boolean {
  const items = answer.at('data')
  const statuses = Array.isArray(items)
    ? items.map((_, index) => answer.at('data', index, 'status'))
    : []
  if ([answer.status, ...statuses].some((status) => Number(status) >= 500)) return true
  return answer.at('code') === 'idempotency-in-flight'
}

function isBrokenOff(error: unknown): boolean {
  return error instanceof Error && 'code' in error
}
