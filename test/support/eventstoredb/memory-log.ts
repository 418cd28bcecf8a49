/** An event as the server keeps it. Commit and prepare position are the same, as for everything appended. */
export type Recorded = {
  readonly id: string
  readonly stream: string
  readonly revision: bigint
  readonly position: bigint
  readonly type: string
  readonly contentType: string
  readonly data: Uint8Array
  readonly created: number
}

export type Proposed = Pick<Recorded, 'id' | 'type' | 'contentType' | 'data'>
export type Expected = bigint | 'no-stream' | 'any' | 'stream-exists'

export type Outcome =
  | { readonly kind: 'stored' | 'repeated'; readonly last: Recorded }
  | { readonly kind: 'wrong-version'; readonly current: bigint | undefined }

/** Every so many appends the server writes something of its own, as a real one does. */
const appendsPerSystemEvent = 7

/** Streams in memory, with the server's rules of what an append may do. */
export class MemoryLog {
  readonly events: Recorded[] = []
  readonly #streams = new Map<string, Recorded[]>()
  readonly #listeners = new Set<(event: Recorded) => void>()
  #appends = 0

  constructor() {
    this.#writeSystemEvent()
  }

  stream(name: string): readonly Recorded[] {
    return this.#streams.get(name) ?? []
  }

  /** Calls back for every event stored from now on, until the answer is called. */
  listen(listener: (event: Recorded) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  append(stream: string, proposed: readonly Proposed[], expected: Expected): Outcome {
    const stored = this.stream(stream)
    const current = stored.at(-1)?.revision
    const wrong = { kind: 'wrong-version', current } as const
    if (expected === 'stream-exists' && current === undefined) return wrong
    const from = placeOf(stored, proposed, expected)
    if (from > stored.length) return wrong
    if (from < stored.length) {
      const there = stored.slice(from, from + proposed.length)
      const same = proposed.every(({ id }, index) => id === there[index]?.id)
      const last = there.at(-1)
      return same && last !== undefined ? { kind: 'repeated', last } : wrong
    }
    this.#appends += 1
    if (this.#appends % appendsPerSystemEvent === 0) this.#writeSystemEvent()
    const last = proposed.map((event) => this.#write(stream, event)).at(-1)
    return last === undefined ? wrong : { kind: 'stored', last }
  }

  #write(stream: string, event: Proposed): Recorded {
    const events = this.#streams.get(stream) ?? []
    this.#streams.set(stream, events)
    const before = this.events.at(-1)
    const position = before === undefined ? 0n : before.position + BigInt(120 + before.data.length)
    const revision = BigInt(events.length)
    const recorded = { ...event, stream, revision, position, created: Date.now() }
    events.push(recorded)
    this.events.push(recorded)
    for (const tell of this.#listeners) tell(recorded)
    return recorded
  }

  #writeSystemEvent(): void {
    this.#write('$stats-127.0.0.1:2113', {
      id: crypto.randomUUID(),
      type: '$statsCollected',
      contentType: 'application/json',
      data: Buffer.from('{"proc-cpu":1.5}'),
    })
  }
}

/** At which index the events belong; past the end for an expectation that can't be met. */
function placeOf(
  stored: readonly Recorded[],
  proposed: readonly Proposed[],
  expected: Expected,
): number {
  if (expected === 'no-stream') return 0
  if (typeof expected === 'bigint') return Number(expected) + 1
  const known = stored.findIndex(({ id }) => id === proposed[0]?.id)
  return known === -1 ? stored.length : known
}
