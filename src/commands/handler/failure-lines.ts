import type { Logger } from '#ports/logger.ts'

/** How often one failure is told of while it lasts, and after which silence it counts as a new one. */
const againAfterMs = 1_000
const anewAfterMs = 60_000

/** Failures that are told apart; beyond it the one told of longest ago is told of in full again. */
const rememberedMax = 100

type Failure = {
  readonly level: 'warn' | 'error'
  readonly error: unknown
  readonly message: string
  /** Of the one that is told; it does not tell failures apart. */
  readonly context?: object
}

type Told = { readonly atMs: number; readonly since: number }

/**
 * The log lines of what fails in the same way again and again, whatever the ledger: the first time in full, then at most
 * one a second, with how many `times` since the last line. A full disk fails every command.
 */
export class FailureLines {
  readonly #logger: Logger
  readonly #nowMs: () => number
  readonly #told = new Map<string, Told>()

  /** `nowMs` never jumps. */
  constructor(logger: Logger, nowMs: () => number) {
    this.#logger = logger
    this.#nowMs = nowMs
  }

  tell(failure: Failure): void {
    const { level, error, message, context } = failure
    const key = `${message}: ${String(error)}`
    const told = this.#told.get(key)
    const nowMs = this.#nowMs()
    const passedMs = told === undefined ? Number.POSITIVE_INFINITY : nowMs - told.atMs
    if (told !== undefined && passedMs < againAfterMs) {
      this.#told.set(key, { ...told, since: told.since + 1 })
      return
    }
    const isNew = told === undefined || passedMs >= anewAfterMs
    const fields = isNew ? { err: error } : { reason: String(error), times: told.since + 1 }
    this.#logger[level]({ ...fields, ...context }, message)
    this.#remember(key, nowMs)
  }

  #remember(key: string, atMs: number): void {
    this.#told.delete(key)
    const [oldest] = this.#told.keys()
    if (oldest !== undefined && this.#told.size >= rememberedMax) this.#told.delete(oldest)
    this.#told.set(key, { atMs, since: 0 })
  }
}
