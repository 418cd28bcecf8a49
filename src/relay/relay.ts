import { type RelayLimits, relayLimits } from '#relay/limits.ts'
import { standBy, type StandbyParts } from '#relay/standby.ts'
import { Turn, type TurnParts } from '#relay/turn.ts'

export type RelayParts = Omit<StandbyParts & TurnParts, 'limits'> & {
  readonly limits?: Partial<RelayLimits>
}

/** What a relay is doing; `acknowledged` is the position up to which the broker has everything, as far as it knows. */
export type RelayState = {
  readonly state: 'standby' | 'active'
  readonly epoch?: bigint
  readonly acknowledged?: bigint | undefined
  /** Events that the broker has acknowledged to this process, repeated ones too. */
  readonly published: number
}

/** Copies the log to the broker: one relay at a time, in order, without gaps; twice only what a crash left unknown. */
export class Relay {
  readonly #parts: StandbyParts & TurnParts
  #turn: Turn | undefined
  #published = 0

  constructor(parts: RelayParts) {
    this.#parts = { ...parts, limits: { ...relayLimits, ...parts.limits } }
  }

  get state(): RelayState {
    const turn = this.#turn
    if (turn === undefined) return { state: 'standby', published: this.#published }
    const { epoch, acknowledged, published } = turn
    return { state: 'active', epoch, acknowledged, published: this.#published + published }
  }

  /**
   * Stands by, relays while it is its turn, and stands by again, until the signal aborts; waits for the event store and
   * the broker for as long as it takes. @throws only on a bug.
   */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.#standByAndRelay(signal)
  }

  async #standByAndRelay(signal: AbortSignal): Promise<void> {
    const { logger } = this.#parts
    const lease = await standBy(this.#parts, signal)
    if (lease === undefined) return
    const { epoch, position } = lease
    logger.info({ epoch: String(epoch), position: String(position) }, 'this relay is active')
    this.#turn = new Turn(this.#parts, lease)
    try {
      await this.#turn.run(signal)
    } finally {
      this.#published += this.#turn.published
      this.#turn = undefined
    }
    if (!signal.aborted) logger.warn({}, 'this relay stands by')
  }
}
