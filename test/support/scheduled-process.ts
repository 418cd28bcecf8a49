import type { Pace } from '#ports/pace.ts'
import type { ScheduledWorld } from '#test/support/scheduled-world.ts'

/** What goes wrong, as a run was dealt it: one number per call, used up in order; when there are no more, nothing does. */
export type Tape = { next(): number }

export function tapeOf(numbers: readonly number[]): Tape {
  let at = 0
  return { next: () => numbers[at++] ?? 0 }
}

/** A process of a scheduled world: it stops between two steps when it is killed, and nothing reaches it any more. */
export class ScheduledProcess {
  readonly name: string
  readonly world: ScheduledWorld
  readonly #death = Promise.withResolvers<'killed'>()
  #isAlive = true

  constructor(world: ScheduledWorld, name: string) {
    this.world = world
    this.name = name
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** Resolves when it is killed. */
  get death(): Promise<'killed'> {
    return this.#death.promise
  }

  kill(): void {
    this.#isAlive = false
    this.#death.resolve('killed')
  }

  /** Waits for a step of the world; for ever where the process does not live to see it. */
  async step(label: string): Promise<void> {
    await this.world.step(`${this.name} ${label}`)
    await this.#survived()
  }

  /** Asks something outside: the request arrives at a step, whether or not the asker still lives; its answer may be late. */
  async ask<Answer>(
    label: string,
    { isLate, work }: { readonly isLate: boolean; readonly work: () => Promise<Answer> },
  ): Promise<Answer> {
    await this.world.step(`${this.name} ${label}`)
    const answer = await settled(work)
    if (isLate) await this.world.step(`${this.name} hears of ${label}`)
    await this.#survived()
    if ('error' in answer) throw answer.error
    return answer.value
  }

  /** Every pause and turn of the process as a step of the world. `hurry` says whether a long pause is over too early. */
  pace(hurry: Tape = tapeOf([])): Pace {
    const wait = (ms: number, label: string) =>
      this.world.after(hurry.next() > 0 ? 0 : ms, `${this.name} ${label}`)
    return {
      pause: async (ms, signal) => {
        if (signal?.aborted) return
        const { over, end } = wait(ms, `paused for ${Math.round(ms)} ms`)
        signal?.addEventListener('abort', end, { once: true })
        await over
        signal?.removeEventListener('abort', end)
        await this.#survived()
      },
      turn: () => this.step('had its turn'),
      every: (ms, run) => this.#every(() => wait(ms, `waited another ${ms} ms`), run),
      random: () => 0.5,
    }
  }

  #every(begin: () => ReturnType<ScheduledWorld['after']>, run: () => void): () => void {
    let isOver = false
    let current = begin()
    void this.death.then(() => current.end())
    const again = async (): Promise<void> => {
      await current.over
      if (isOver || !this.#isAlive) return
      run()
      current = begin()
      await again()
    }
    void again()
    return () => {
      isOver = true
      current.end()
    }
  }

  async #survived(): Promise<void> {
    if (!this.#isAlive) await new Promise(() => {})
  }
}

type Settled<Value> = { readonly value: Value } | { readonly error: unknown }

async function settled<Value>(work: () => Promise<Value>): Promise<Settled<Value>> {
  try {
    return { value: await work() }
  } catch (error) {
    return { error }
  }
}
