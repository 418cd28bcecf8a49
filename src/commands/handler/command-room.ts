import type { RefusedOutcome } from '#commands/handler/outcome.ts'
import { overloaded } from '#commands/handler/refusals.ts'

/** How much may wait in this process, over all ledgers. */
export type Bounds = { readonly commandsMax: number; readonly bytesMax: number }

/** What a request makes this process keep until its answer; bytes are those of the canonical requests. */
export type Load = { readonly commands: number; readonly bytes: number }

/** Room for all that waits, for whatever it waits: a decision, the books, or an earlier request with its key. */
export class CommandRoom {
  readonly #bounds: Bounds
  #commands = 0
  #bytes = 0

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  /** Whether so much more may wait; something alone always may. */
  fits({ commands, bytes }: Load): boolean {
    const { commandsMax, bytesMax } = this.#bounds
    const fits = this.#commands + commands <= commandsMax && this.#bytes + bytes <= bytesMax
    return fits || this.#commands === 0
  }

  /** Works while the room is taken; refuses where there is too little. */
  async during<Result>(load: Load, work: () => Promise<Result>): Promise<Result | RefusedOutcome> {
    if (!this.fits(load)) return overloaded
    this.#commands += load.commands
    this.#bytes += load.bytes
    try {
      return await work()
    } finally {
      this.#commands -= load.commands
      this.#bytes -= load.bytes
    }
  }
}
