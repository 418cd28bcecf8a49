import type { Logger } from '#ports/logger.ts'
import { ReadModelsUnavailable } from '#ports/read-models.ts'

const againMs = 60_000
const keptMax = 100

/** Logs why read models can't be read, which no client is told: each reason once a minute, however many ask. */
export class Outages {
  readonly #logger: Logger
  readonly #toldAt = new Map<string, number>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  tell(error: unknown): void {
    if (!(error instanceof ReadModelsUnavailable)) return
    const now = performance.now()
    const before = this.#toldAt.get(error.message)
    if (before !== undefined && now - before < againMs) return
    if (this.#toldAt.size >= keptMax) this.#toldAt.clear()
    this.#toldAt.set(error.message, now)
    this.#logger.warn({ error }, 'the read models cannot be read now')
  }
}
